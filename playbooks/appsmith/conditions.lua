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
    if app.embedded or snapshot then return true end
    local tools = compose.read(app.project, app.service, { "sh", "-c", "command -v mongodump && command -v mongorestore" }, { ok = { 0, 1, 127 } })
    return tools.status == 0, app.docker_env .. " names a database elsewhere, and the image has no mongodump and mongorestore for it",
      "take a snapshot of it while Appsmith is stopped, and vouch for it with --snapshot"
  end,
}

playbook.check {
  name = "both_keys_are_set",
  title = "encryption password and salt are set, once, in docker.env",
  run = function(app)
    local problems = {}
    for _, name in ipairs { "APPSMITH_ENCRYPTION_PASSWORD", "APPSMITH_ENCRYPTION_SALT" } do
      for _, given in ipairs(app.settings) do
        if given == name then problems[#problems + 1] = "the compose file gives another " .. name .. " to the container, which counts before docker.env" end
      end
      if not secret.exists(secret.dotenv(app.docker_env, name)) then problems[#problems + 1] = app.docker_env .. " does not set " .. name end
    end
    return problems, "without both nothing that is stored encrypted can be read: they must travel with the data"
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

-- after -----------------------------------------------------------------------------------------------------------------------------------------------

--- A hop is finished when its release says so, its schema is the present one, and its data is raised: the next release depends on it.
playbook.check {
  name = "hop_is_finished",
  title = "the release runs, and has finished what it does to the data",
  run = function(app, release)
    local problems, told, facts = {}, instance.health(app), instance.facts(app)
    if not told.well then problems[#problems + 1] = app.url .. "/api/v1/health does not say that it is well" end
    if told.version ~= release.version then problems[#problems + 1] = app.url .. "/info says " .. (told.version or "nothing") end
    for _, container in ipairs(composed.containers(app.project, { app.service })) do
      if container.image ~= release.image then problems[#problems + 1] = container.name .. " runs " .. container.image end
      if container.restarts > 0 then problems[#problems + 1] = container.name .. " has restarted " .. container.restarts .. " times" end
    end
    if #facts.failed > 0 then problems[#problems + 1] = "failed: " .. table.concat(facts.failed, ", ") end
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

--- Names alone: what both set otherwise. The container's own environment counts before docker.env, so that an edit there does nothing.
local DRIFT = [=[settings=$(cat)
env | grep -oE '^(APPSMITH|MONGO)_[A-Za-z0-9_]+' | sort -u | while read -r name; do
  line=$(printf '%s\n' "$settings" | grep -E "^[[:space:]]*$name=" | tail -n 1) || continue
  value=$(printf %s "${line#*=}" | sed "s/^'\(.*\)'$/\1/; s/^\"\(.*\)\"$/\1/")
  if [ "$value" != "$(printenv "$name")" ]; then echo "$name"; fi
done]=]

playbook.check {
  name = "settings_agree",
  title = "docker.env says what the container is given",
  while_up = true,
  run = function(app)
    local found, problems = compose.read(app.project, app.service, { "sh", "-c", DRIFT }, { input = secret.file(app.docker_env) }), {}
    for name in found.out:gmatch "[^\n]+" do problems[#problems + 1] = name .. " is another one in " .. app.docker_env .. " than in the container, which counts" end
    return problems, "make them equal, or take them out of the compose file, and start it again"
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
