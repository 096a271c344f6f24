-- What must hold of an Activepieces: gate.NAME before the change, expect.NAME after it.
local playbook, composed = require "playbook", require "composed"
local instance, manifests = require "activepieces.instance", require "activepieces.manifests"
require "checks"

local breaking = playbook.data "activepieces/data/changes.json"

-- releases --------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "one_tag_for_all",
  title = "app and worker are pinned to one release",
  override = false,
  run = function(app)
    for i, ref in ipairs(app.images) do
      local floating = image.is_floating(ref)
      if floating.floating then return false, app.services[i] .. " has " .. ref .. ": " .. floating.why, "pin it to what runs: `playbook pin`" end
      if ref ~= app.image then
        return false, app.service .. " has " .. app.image .. ", " .. app.services[i] .. " has " .. ref,
          "give both the tag that the database is of; the vendor's own file has shipped with two"
      end
    end
    return true
  end,
}

playbook.check {
  name = "release_agrees",
  title = "what is pinned is what runs",
  run = composed.versions_agree,
}

local function changes_between(from, to)
  local found = {}
  for _, change in ipairs(breaking.changes) do
    if version.compare(from, change.version) < 0 and version.compare(to, change.version) >= 0 then found[#found + 1] = change end
  end
  return found
end

playbook.check {
  name = "changes_are_accepted",
  title = "breaking changes are accepted",
  run = function(app, target)
    local texts = {}
    for _, change in ipairs(changes_between(app.version, target.version)) do
      if change.text then texts[#texts + 1] = change.version .. ": " .. change.text end
    end
    if version.compare(target.version, breaking.newest) > 0 then
      texts[#texts + 1] = "what changed after " .. breaking.newest .. " is not known here; read the vendor's breaking-changes page"
    end
    return #texts == 0 or playbook.accepted "breaking", table.concat(texts, "; "), "accept them with --accept breaking"
  end,
}

playbook.check {
  name = "variables_fit",
  title = "no setting has another name or value in the release",
  run = function(app, target)
    local problems = {}
    for _, change in ipairs(changes_between(app.version, target.version)) do
      for old, new in pairs(change.renamed or {}) do
        if dotenv.get(app.env_file, old) and not dotenv.get(app.env_file, new) then
          problems[#problems + 1] = old .. " is called " .. new .. " from " .. change.version .. " on"
        end
      end
      for name, values in pairs(change.values or {}) do
        local value = dotenv.get(app.env_file, name, { public = true })
        if value and values[value] then problems[#problems + 1] = name .. "=" .. value .. " becomes " .. values[value] .. " in " .. change.version end
      end
    end
    return problems, "change " .. app.env_file .. ": keep the old line until the upgrade is done, and add the new one"
  end,
}

-- what runs -------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "app_runs",
  title = "one server runs, and is well",
  while_up = true,
  run = function(app)
    local runs, why, hint = composed.one_runs(app)
    if not runs then return false, why, hint end
    return instance.health(app).well, app.url .. app.health_path .. " does not say Healthy", "docker compose logs " .. app.service .. " tells more"
  end,
}

local IN_WORK = "local n = 0 for _, key in ipairs(redis.call('keys', 'bull:*:active')) do n = n + redis.call('llen', key) end return n"

playbook.check {
  name = "queues_are_idle",
  title = "no job is in work, or its loss is accepted",
  while_up = true,
  run = function(app)
    if not app.queue or playbook.accepted "jobs" then return true end
    local answer = compose.read(app.project, app.queue.service, { "redis-cli", "eval", IN_WORK, "0" }, { env = app.queue.environment })
    local count = tonumber(answer.out:match "%d+")
    if not count then return false, "the queues cannot be looked at: " .. answer.out:sub(1, 200), "stop the flows, then accept with --accept jobs" end
    return count == 0, count .. (count == 1 and " job is" or " jobs are") .. " in work and would be cut off", "wait for their end, or accept it with --accept jobs"
  end,
}

playbook.check {
  name = "runs_release",
  title = "app and worker run the release, and say so",
  run = function(app, release)
    local problems, running = {}, composed.containers(app.project, app.services)
    local served = {}
    for _, container in ipairs(running) do
      served[container.service] = true
      if container.image ~= release.image then problems[#problems + 1] = container.name .. " runs " .. container.image end
      if container.state ~= "running" then problems[#problems + 1] = container.name .. " is " .. container.state end
      if container.restarts > 0 then problems[#problems + 1] = container.name .. " has restarted " .. container.restarts .. " times" end
    end
    for _, service in ipairs(app.services) do
      if not served[service] then problems[#problems + 1] = service .. " has no container" end
    end
    local told = instance.health(app).version
    if told ~= release.version then problems[#problems + 1] = app.url .. " says that it is " .. (told or "nothing") end
    return problems
  end,
}

-- the database ----------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "rows_of_release",
  title = "the database holds exactly the migrations of the release",
  while_up = true,
  run = function(app, release)
    release = release or { version = app.version, image = app.image }
    local rows, names = manifests.rows(app.database), instance.manifest(release)
    if #rows == 0 then return false, "the database has no migrations of an Activepieces", "is it the right one?" end
    if not names then return false, "the migrations of " .. release.version .. " are not known, and its image is not here" end
    local found = manifests.compare(rows, names)
    return found.equal, "for " .. release.version .. ": " .. found.text, "start the release that the database belongs to"
  end,
}

playbook.check {
  name = "migrations_are_added",
  title = "the release adds to the migrations of the database",
  override = false,
  while_up = true,
  run = function(app, target)
    local names = instance.manifest(target)
    if not names then return true end -- asked again when its image is here
    local found = manifests.compare(manifests.rows(app.database), names)
    return #found.unknown == 0, target.version .. " does not know " .. manifests.told(found.unknown) .. " of the database",
      "it is older than the database, or of another kind"
  end,
}

local NEEDS_VECTOR = { AddPgVectorExtension1773627989514 = true }

playbook.check {
  name = "vector_is_there",
  title = "pgvector is there for the migrations that need it",
  while_up = true,
  run = function(app, target)
    local names = instance.manifest(target) or {}
    for _, name in ipairs(manifests.compare(manifests.rows(app.database), names).missing) do
      if NEEDS_VECTOR[name] then
        local there = postgres.query(app.database, "select count(*) as count from pg_available_extensions where name = 'vector'")[1].count > 0
        return there, "the database server has no extension vector: the table of knowledge bases would be left out for good, without a word",
          "use an image with it, such as pgvector/pgvector:0.8.0-pg14, first"
      end
    end
    return true
  end,
}

return {}
