-- What must hold of an Appsmith: gate.NAME before the change, expect.NAME after it.
local playbook, composed, instance = require "playbook", require "composed", require "appsmith.instance"
require "checks"

local mongodb = playbook.data "appsmith/data/mongodb.json"

local conditions = {}

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

--- What a release's embedded MongoDB can open, and what it raises data to.
function conditions.mongodb_of(release)
  for _, range in ipairs(mongodb.ranges) do
    if version.satisfies(release, range.releases) then return range end
  end
end

--- The feature compatibility version to which `from`, while it runs, is to raise data of version `fcv` before `to` can open it: nil where it can already.
--- MongoDB's own rule: a server raises data to its own version, and opens what is one version older.
function conditions.to_raise(fcv, from, to)
  local opens, own = conditions.mongodb_of(to).opens, conditions.mongodb_of(from).opens
  if contains(opens, fcv) then return nil end
  local newest = own[#own]
  return contains(own, fcv) and contains(opens, newest) and newest or nil
end

-- before ------------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "appsmith_is_pinned",
  title = "the image is pinned, and is what runs",
  override = false,
  run = function(app)
    if app.image:find ":$" then return false, app.image .. ": the tag is empty, for which registries say \"unauthorized\"", "write the release that runs" end
    -- A tag of two numbers, such as v1.99, is one release of Appsmith; as a rule it would float.
    local named = composed.release_in(app.pinned) and app.pinned:find "%d%.%d"
    if not named then return false, app.image .. ": " .. (image.is_floating(app.image).why or "the tag names no release"), "pin it to what runs: `playbook pin`" end
    return composed.versions_agree(app)
  end,
}

--- A database elsewhere is dumped by the tools of the image, or the operator vouches for a snapshot of it.
playbook.check {
  name = "database_can_be_backed_up",
  title = "there is a way to back up its database",
  override = false,
  while_up = true,
  run = function(app, snapshot)
    for _, name in ipairs(app.settings) do
      if name == "APPSMITH_DB_URL" or name == "APPSMITH_MONGODB_URI" then
        return false, "the compose file gives " .. name .. " to the container, which counts before docker.env", "write it into docker.env instead, and start it again"
      end
    end
    if app.database == "nowhere" then return false, app.docker_env .. " names no database", "it has its address as APPSMITH_DB_URL" end
    if app.embedded or snapshot then return true end
    local tools = compose.read(app.project, app.service, { "sh", "-c", "command -v mongodump && command -v mongorestore" }, { ok = { 0, 1, 127 } })
    return tools.status == 0, app.docker_env .. " names a database elsewhere, and the image has no mongodump and mongorestore for it",
      "take a snapshot of it while Appsmith is stopped, and vouch for it with --snapshot"
  end,
}

--- Enough for what replaces its data: whether the server in it is well does not matter then.
playbook.check {
  name = "appsmith_runs",
  title = "its container runs",
  while_up = true,
  run = function(app) return composed.one_runs(app) end,
}

playbook.check {
  name = "appsmith_is_well",
  title = "the server runs, and is well",
  while_up = true,
  run = function(app)
    local runs, why, hint = composed.one_runs(app)
    if not runs then return false, why, hint end
    return instance.health(app).well, app.url .. "/api/v1/health does not say that it is well", "docker compose logs " .. app.service .. " tells more"
  end,
}

playbook.check {
  name = "migrations_are_whole",
  title = "no migration is half done, and none runs",
  override = false,
  while_up = true,
  run = function(app)
    local facts, problems = instance.facts(app), {}
    if #facts.failed > 0 then problems[#problems + 1] = "failed: " .. table.concat(facts.failed, ", ") end
    if facts.locked then problems[#problems + 1] = "another start holds the lock of Mongock" end
    if not facts.schema then problems[#problems + 1] = "config has no schemaVersion" end
    return problems, "bring back the state of before the last upgrade first"
  end,
}

--- The data can be opened by the next release: by its live feature compatibility version, not by what the table says of the present release. Where the
--- present release can raise it, that is a step of the upgrade.
playbook.check {
  name = "mongodb_opens_the_data",
  title = "MongoDB of the next release can open the data",
  override = false,
  while_up = true,
  run = function(app, hop)
    if not app.embedded then return true end
    local fcv, opens = instance.facts(app).fcv, conditions.mongodb_of(hop).opens
    if contains(opens, fcv) or conditions.to_raise(fcv, app.version, hop) then return true end
    return false, "the data is of feature compatibility version " .. fcv .. "; " .. hop .. " opens " .. table.concat(opens, " and "),
      "go through a release that raises it, as `playbook doc appsmith/upgrade` says"
  end,
}

--- A server elsewhere is upgraded by its owner: an Appsmith that finds an older one, or one that is no replica set, stops or answers 503.
playbook.check {
  name = "mongodb_elsewhere_serves",
  title = "the MongoDB elsewhere serves the release",
  while_up = true,
  run = function(app, target)
    if app.embedded then return true end
    local facts, problems, least = instance.facts(app), {}, nil
    for _, range in ipairs(mongodb.elsewhere) do
      if version.satisfies(target, range.releases) then least = range.least end
    end
    if not facts.server then
      problems[1] = "it does not say of which version it is; " .. target .. " needs " .. least
    elseif version.compare(facts.server, least) < 0 then
      problems[1] = "it is of version " .. facts.server .. "; " .. target .. " needs " .. least
    end
    if not facts.replicated then problems[#problems + 1] = "it is no replica set, without which Appsmith does not start" end
    return problems, "upgrade it as MongoDB's manual says, and make it a replica set (`rs.initiate()`), before Appsmith"
  end,
}

playbook.check {
  name = "edition_may_open_it",
  title = "the edition may open the database",
  override = false,
  while_up = true,
  run = function(app, target)
    if app.edition == "business" or version.compare(target, "2.2") < 0 then return true end
    local hint = "use appsmith-ee; it has a free plan"
    return not instance.facts(app).enterprise, "the business edition has used this database, and the community edition from 2.2 on refuses it", hint
  end,
}

playbook.check {
  name = "processor_has_avx",
  title = "the processor can run MongoDB",
  run = function(app, target)
    local cpu = host.cpu()
    if not app.embedded or cpu.architecture ~= "x86_64" or version.compare(target, "1.9.0") < 0 then return true end
    return file.read("/proc/cpuinfo", { limit = 16 * 1024 * 1024 }):find "%f[%w]avx%f[%W]" ~= nil, "it has no AVX: mongod would end with \"Illegal instruction\"",
      "give the virtual machine the processor of its host"
  end,
}

-- File systems that keep no owners and permissions, by the names that `stat` has for them.
local FORGETFUL = { fuseblk = true, ntfs = true, ntfs3 = true, msdos = true, exfat = true, cifs = true, smb2 = true, v9fs = true }

playbook.check {
  name = "stacks_keep_permissions",
  title = "the file system of the stacks keeps permissions",
  run = function(app)
    local kind = process.read({ "stat", "--file-system", "--format", "%T", app.stacks }).out:match "%S+" or "unknown"
    return not FORGETFUL[kind], app.stacks .. " is on " .. kind .. ", which keeps no owners and permissions: MongoDB refuses its key file there, and a copy is not whole",
      "move the stacks to a file system of Linux"
  end,
}

-- after -----------------------------------------------------------------------------------------------------------------------------------------------

-- Without these there is no Appsmith; others, such as the PostgreSQL of its examples, are told by appsmith/verify.
local NEEDED = { backend = true, rts = true, mongodb = true, redis = true }

playbook.check {
  name = "programs_run",
  title = "every program in its container runs",
  while_up = true,
  run = function(app)
    local problems = {}
    for i, program in ipairs(instance.failed_programs(app)) do problems[i] = program.name .. " is " .. program.state end
    return problems, "its log is below " .. app.stacks .. "/logs"
  end,
}

--- A hop is finished when its release says so, its schema is the present one, and its data is raised: the next release depends on it.
playbook.check {
  name = "hop_is_finished",
  title = "the release runs, and has finished what it does to the data",
  run = function(app, release)
    local problems, told, facts = {}, instance.health(app), instance.facts(app)
    if not told.well then problems[#problems + 1] = app.url .. "/api/v1/health does not say that it is well" end
    if told.version and told.version ~= release.version then problems[#problems + 1] = app.url .. "/info says " .. told.version end
    for _, container in ipairs(composed.containers(app.project, { app.service })) do
      local inside = not told.version and instance.inside(container.image_id) -- nothing answered at /info before 2024
      if not told.version and inside ~= release.version then problems[#problems + 1] = container.image .. " says that it is of " .. (inside or "no release") end
      if container.image ~= release.image then problems[#problems + 1] = container.name .. " runs " .. container.image end
      if container.restarts > 0 then problems[#problems + 1] = container.name .. " has restarted " .. container.restarts .. " times" end
    end
    if #facts.failed > 0 then problems[#problems + 1] = "failed: " .. table.concat(facts.failed, ", ") end
    for _, program in ipairs(instance.failed_programs(app)) do
      if NEEDED[program.name] then problems[#problems + 1] = program.name .. " is " .. program.state end
    end
    if version.compare(release.version, "1.9.2") >= 0 and facts.schema ~= 2 then
      problems[#problems + 1] = "schemaVersion is " .. tostring(facts.schema) .. ", expected 2"
    end
    local raises = app.embedded and conditions.mongodb_of(release.version).raises
    if raises and version.compare(facts.fcv, raises) < 0 then
      problems[#problems + 1] = "the data is of feature compatibility version " .. facts.fcv .. ", expected " .. raises
    end
    return problems, "docker compose logs " .. app.service .. " tells more"
  end,
}

playbook.check {
  name = "nothing_is_missing",
  title = "workspaces, applications, pages, actions and datasources are all there",
  run = function(app, before)
    local now, problems = instance.facts(app).rows, {}
    for name, count in pairs(before.rows) do
      if (now[name] or 0) < count then problems[#problems + 1] = name .. " had " .. count .. " documents and has " .. (now[name] or 0) end
    end
    return problems
  end,
}

return conditions
