-- An Appsmith as its playbooks see it: what it is (instance.lua), how it is proved to be well (conditions.lua), and here how it stops, starts and goes back.
-- All of its state is one folder, so that its backup is that folder, cold: the only way back that needs no old mongorestore and meets no limit of MongoDB's
-- feature compatibility version. The vendor's own archive leaves out both keys.
local playbook, instances, composed = require "playbook", require "instances", require "composed"
local instance, conditions, archive = require "appsmith.instance", require "appsmith.conditions", require "appsmith.archive"
require "appsmith.settings"

local checkpoints = playbook.data "appsmith/data/checkpoints.json"

local appsmith = {
  is_here = instance.is_here,
  has_compose_file = instance.has_compose_file,
  inspect = instance.inspect,
  release = instance.release,
  facts = instance.facts,
  address_of_database = instance.address_of_database,
}

--- The way to a release, through those at which it must stop.
function appsmith.path(app, to) return version.path(app.version, to, checkpoints, { facts = { embedded = app.embedded } }) end

--- Waits until the server says that it is well, through a first page that answers 200 all the time. Lines that tell why it never will be, with their causes:
--- a missed checkpoint, an older schema, an edition, MongoDB that cannot open its files. `PASSED OVER` is progress.
function appsmith.wait_ready(app)
  migrate.watch(app.project, {
    service = app.service,
    url = app.url .. "/api/v1/health",
    ready = { status = 200 },
    starting = { status = 503 },
    fail = {
      "FAILED OVER", "ABORTED MIGRATION", "CHECKPOINT MISSED", "Looks like you skipped some required update", "APPSMITH-EE-DOWNGRADE-BLOCKED",
      "failed to start on the existing data", "Wrong mongod version", "Illegal instruction", "Unable to load environment configuration",
      "Could not find mandatory instance schema version", "MongoDB Replica Set is not enabled",
    },
    progress = { "APPLIED - ", "featureCompatibilityVersion", "Please open http" },
    deadline = 3600,
    restarts = 0,
  })
end

--- Waits until a release has done all that it does to the data. It raises MongoDB's files after it says that it is well, and tries that for a minute.
function appsmith.wait_finished(app, release)
  appsmith.wait_ready(app)
  retry({ attempts = 60, wait = 1 }, function() expect.hop_is_finished(app, release) end)
end

--- Raises the data of the release that runs to what the next one can open, where nothing on the way did: data that is older than that is refused by MongoDB.
--- Whether it did.
function appsmith.raise_data(app, from, to)
  local fcv = conditions.to_raise(instance.facts(app).fcv, from, to)
  if not fcv then return false end
  local order = ("print(JSON.stringify(db.adminCommand({ setFeatureCompatibilityVersion: %q }))) /* playbook: raise */"):format(fcv)
  compose.exec(app.project, app.service, instance.shell(order), { repeat_safe = true, deadline = 600 })
  expect("the data is raised to feature compatibility version " .. fcv, instance.facts(app).fcv == fcv, "MongoDB did not raise it")
  return true
end

--- This instance with the keys of its data as it is now: a hop may have encrypted it anew.
function appsmith.as_it_is(app)
  return instances.with(app, { keyrings = instance.keyrings(app, instance.facts(app).schema) })
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

function appsmith.stop_writers(app)
  compose.fence(app.project, { services = { app.service } })
  compose.stop(app.project, { services = { app.service }, grace = 120 })
end

function appsmith.unfence(app) compose.unfence(app.project) end

--- Starts it in the release that it is said to be of: what a set brought back may lie beside a compose file that names another.
function appsmith.start(app)
  if compose.config(app.project).services[app.service].image ~= app.image then image.pin(app.project, { [app.service] = app.image }) end
  compose.up(app.project, { services = { app.service } })
end

--- This instance as it was, or will be, in another release: with the image that its compose file names, where it names that release already, for a
--- restored file may name it without a digest.
function appsmith.as_of(app, version)
  local named, wanted = compose.config(app.project).services[app.service].image, composed.bare(version)
  local image = composed.bare(composed.tag_of(named) or "") == wanted and named or instance.release(app, version).image
  return instances.with(app, { version = wanted, image = image })
end

--- The way back: the whole folder and the compose file as they were. Starting it again is left to whoever stopped it.
function appsmith.restore(app, saved, options)
  appsmith.stop_writers(app)
  backup.restore(saved, options)
  if app.redis == "elsewhere" then
    log.warning "its Redis is elsewhere and still knows the data that went away: empty its database there (`redis-cli -u ADDRESS flushdb`)"
  end
end

function appsmith.evidence(app) return composed.evidence(app.project) end

--- Is it well, in the release that it is said to be in? An archive that a killed restore had opened is closed.
function appsmith.verify(app)
  archive.close(app)
  appsmith.wait_finished(app, app)
end

return appsmith
