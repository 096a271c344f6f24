-- What is wrong with an Appsmith that is down, or that came back damaged: by the words of its container, its change log, the version of its data, its
-- docker.env and its keys. Reads only.
local playbook, instance, conditions = require "playbook", require "appsmith.instance", require "appsmith.conditions"

local diagnosis = { DOWNGRADED = "downgraded by its tag alone" }

-- A line of the log, as a pattern of Lua, and what it is a sign of.
local SIGNS = {
  { line = "FAILED OVER", state = "aborted migration" },
  { line = "ABORTED MIGRATION", state = "aborted migration" },
  { line = "Looks like you skipped some required update", state = "missed checkpoint" },
  { line = "CHECKPOINT MISSED", state = "missed checkpoint" },
  { line = "failed to start on the existing data", state = "data that its MongoDB does not open" },
  { line = "Wrong mongod version", state = "data that its MongoDB does not open" },
  { line = "APPSMITH%-EE%-DOWNGRADE%-BLOCKED", state = "edition guard" },
  { line = "Could not find mandatory instance schema version", state = "data without a schema version" },
  { line = "MongoDB Replica Set is not enabled", state = "MongoDB elsewhere without a replica set" },
  { line = "init_postgres failed", state = "embedded PostgreSQL that is off" },
  { line = "Unable to find license key in docker.env", state = "no licence" },
  { line = "Illegal instruction", state = "processor without AVX" },
  { line = "Unable to load environment configuration", state = "docker.env that it cannot read" },
  { line = "Unable to invoke Cipher due to bad padding", state = "wrong keys" },
}

--- What to do about each, in the order in which it is to be mended.
local REMEDIES = {
  { "wrong keys", "`playbook keys repair --key password=docker_env:FILE:APPSMITH_ENCRYPTION_PASSWORD --key salt=docker_env:FILE:APPSMITH_ENCRYPTION_SALT` with the "
    .. "docker.env of the time; what was saved under the present keys since then opens with no other" },
  { "docker.env that it cannot read", "mend the line of docker.env that the log names" },
  { "processor without AVX", "give the virtual machine the processor of its host" },
  { "no licence", "set APPSMITH_LICENSE_KEY in docker.env: it is part of no dump of the database" },
  { "MongoDB elsewhere without a replica set", "make it one: `rs.initiate()`, and ?replicaSet= in its address" },
  { diagnosis.DOWNGRADED, "--set a backup set of before the upgrade, or --forward to the latest release: the vendor's page knows no third way" },
  { "edition guard", "--set a backup set that the community edition wrote, or `playbook run appsmith/switch-edition`" },
  { "missed checkpoint", "--set a backup set of before the upgrade, then `playbook run appsmith/upgrade`, which goes through it" },
  { "data that its MongoDB does not open", "--set a backup set of this release, or --forward to a release that opens it" },
  { "data without a schema version", "--set a backup set: a restore ended half-way, or the database is another one" },
  { "embedded PostgreSQL that is off", "Appsmith runs without it: its upgrade from 13 to 14 fetches packages from the network; what it held lies in "
    .. "data/postgres/main-13" },
  { "aborted migration", "--set the backup set of before the upgrade, and then once more; or --forward to the latest release, which has fixes for migrations" },
}

local function words_of(app)
  local found = {}
  for i, entry in ipairs(compose.logs(app.project, { services = { app.service }, tail = 2000 })) do found[i] = entry.line end
  return found
end

--- Changes that came after the last one that this release named as it started: a newer release made them. Older ones that it does not name are no sign, for
--- releases drop old changes. Nothing is known where the beginning of its log is gone.
local function foreign_changes(app, words)
  local begins
  for i = #words, 1, -1 do
    if words[i]:find '"version"' then begins = i end
  end
  local asked, ids = pcall(instance.changes, app) -- it may be starting again and again
  if not begins or not asked then return {} end
  local text, foreign, is_named = table.concat(words, "\n", begins), {}, false
  for _, id in ipairs(ids) do
    foreign[#foreign + 1] = id
    if text:find("'" .. id .. "'", 1, true) or text:find('"' .. id .. '"', 1, true) then
      foreign, is_named = {}, true
    end
  end
  return is_named and foreign or {}
end

--- Why it must have been a newer release that wrote this, for each thing that shows it.
local function written_by_newer(app, facts, words)
  local reasons, opens = {}, app.embedded and conditions.mongodb_of(app.version).opens
  local newest = opens and opens[#opens]
  local marker = app.stacks .. "/data/mongodb/.appsmith-mongo-fcv-min"
  local fcv = facts and facts.fcv or file.exists(marker) and file.read(marker):match "%d+%.%d+"
  local log_says = table.concat(words, "\n"):match "feature compatibility version is (%d+%.%d+)"
  fcv = fcv or log_says
  if newest and fcv and version.compare(fcv, newest) > 0 then
    reasons[#reasons + 1] = "its data is of feature compatibility version " .. fcv .. ", and " .. app.version .. " opens " .. newest .. " at most"
  end
  local foreign = facts and foreign_changes(app, words) or {}
  if #foreign > 0 then reasons[#reasons + 1] = "the change log has " .. #foreign .. " changes that " .. app.version .. " does not know, such as " .. foreign[1] end
  -- By itself this is no proof, for an operator may have written it.
  if (#reasons > 0 or not facts) and version.compare(app.version, "2.0") < 0 and secret.exists(secret.docker_env(app.docker_env, "APPSMITH_REDIS_PASSWORD")) then
    reasons[#reasons + 1] = "docker.env has APPSMITH_REDIS_PASSWORD, which 2.x writes"
  end
  return reasons
end

local function why_keys_are_wrong(app)
  local asked, found = pcall(keys.verify, app.keyrings)
  if asked and (found.verdict == "mismatch" or found.verdict == "partial") then return found.text end
end

--- { { state, why = { ... }, remedy }, ... }, the first to be mended first; empty where nothing is found to be wrong.
function diagnosis.of(app)
  local words, found = words_of(app), {}
  local answered, facts = pcall(instance.facts, app)
  facts = answered and facts or nil
  local function note(state, why)
    found[state] = found[state] or {}
    found[state][#found[state] + 1] = why
  end
  for _, sign in ipairs(SIGNS) do
    for i = #words, 1, -1 do
      if words[i]:find(sign.line) then
        note(sign.state, "its log says: " .. words[i]:sub(1, 300))
        break
      end
    end
  end
  for _, reason in ipairs(written_by_newer(app, facts, words)) do note(diagnosis.DOWNGRADED, reason) end
  if facts and #facts.failed > 0 then note("aborted migration", "the change log has failed: " .. table.concat(facts.failed, ", ")) end
  local keys_say = facts and why_keys_are_wrong(app)
  if keys_say then note("wrong keys", keys_say) end

  local ordered = {}
  for _, remedy in ipairs(REMEDIES) do
    if found[remedy[1]] then ordered[#ordered + 1] = { state = remedy[1], why = found[remedy[1]], remedy = remedy[2] } end
  end
  return ordered
end

--- not_downgraded(app): the vendor's page: what a newer release has migrated an older one cannot read, and a server that runs all the same loses plugins.
playbook.check {
  name = "not_downgraded",
  title = "no newer release has written its data",
  while_up = true,
  run = function(app)
    return written_by_newer(app, instance.facts(app), words_of(app)), "`playbook run appsmith/rescue` says how to go on"
  end,
}

return diagnosis
