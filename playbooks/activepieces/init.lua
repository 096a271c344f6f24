-- Activepieces under compose with PostgreSQL, as its playbooks see it: what it is (instance.lua), how it is proved to be well (conditions.lua), and here how
-- it stops, starts and goes back. Facts of releases are data: manifests.lua and data/.
local playbook, instance, instances = require "playbook", require "activepieces.instance", require "instances"
local composed, stores = require "composed", require "stores"
require "activepieces.conditions"

local checkpoints = playbook.data "activepieces/data/checkpoints.json"

local activepieces = {
  is_here = instance.is_here,
  inspect = instance.inspect,
  release = instance.release,
  with_compose_file = instance.with_compose_file,
  manifest = instance.manifest,
  demand_server = instance.demand_server,
  KEPT = { "project", "flow", "flow_version", "app_connection", "user", "file" }, -- tables that an upgrade never takes rows from
}

--- The way to a release, through those at which it must stop.
function activepieces.path(app, to) return version.path(app.version, to, checkpoints, { facts = { sqlite = false } }) end

--- Database, settings, files and jobs, with fingerprints of the key without which the connections in it are lost.
function activepieces.back_up(app, note, state)
  return backup.create(state or app.state, { app = "activepieces", version = app.version, keyrings = app.keyrings, note = note })
end

--- Proves that this database can be dumped and restored here, while Activepieces still runs.
function activepieces.rehearse(app, target)
  backup.rehearse(activepieces.back_up(app, "online copy before the upgrade to " .. target.version, app.online))
end

--- Sets app and worker to one image: a worker of another release crashes, or gets no work.
function activepieces.pin(app, ref)
  local pins = {}
  for _, service in ipairs(app.services) do pins[service] = ref end
  image.pin(app.project, pins)
end

local function release_of(app) return { version = app.version, image = app.image, health_path = app.health_path } end

--- Starts the server alone, which migrates, and only then the workers.
function activepieces.start(app, release)
  compose.up(app.project, { services = stores.services(app, { app.service }) })
  activepieces.wait_ready(app, release or release_of(app))
  if #app.workers > 0 then compose.up(app.project, { services = app.workers }) end
end

--- Waits until its log says that the queues run, for health answers before. A failed migration prints one plain line.
function activepieces.wait_ready(app, release)
  migrate.watch(app.project, {
    service = app.service,
    url = app.url .. release.health_path,
    ready = { status = 200, lines = { "Queues migrated and consumers run" } },
    starting = { status = 503 },
    fail = { '^Migration "[^"]*" failed', "Failed to start server", "AP_ENCRYPTION_KEY is missing or invalid" },
    progress = { "The application started on" },
    deadline = 1800,
    restarts = 0,
  })
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

--- The workers first, so that no job begins that would be cut off.
function activepieces.stop_writers(app)
  compose.fence(app.project, { services = stores.services(app, app.services) })
  if #app.workers > 0 then compose.stop(app.project, { services = app.workers }) end
  compose.stop(app.project, { services = { app.service } })
  if #app.still > 0 then compose.stop(app.project, { services = app.still }) end
end

--- This instance as it was, or will be, in another release.
function activepieces.as_of(app, version)
  local release = instance.release(app, version)
  return instances.with(app, { version = release.version, image = release.image, health_path = release.health_path })
end

function activepieces.unfence(app) compose.unfence(app.project) end

--- The way back: the database and all beside it as they were, before the old image starts; and the files whole. Starting it again is left to whoever
--- stopped it.
function activepieces.restore(app, saved, options)
  activepieces.stop_writers(app)
  stores.restore(app, saved, options)
end

--- What a restore needs where nothing is.
function activepieces.furnish(app) stores.furnish(app) end

function activepieces.evidence(app) return composed.evidence(app.project) end

--- Is it well, in the release that it is said to be in?
function activepieces.verify(app)
  local release = release_of(app)
  activepieces.wait_ready(app, release)
  expect.runs_release(app, release)
  if app.database.pglite then return end -- nobody else may open that while it runs
  expect.rows_of_release(app, release)
  local found = keys.verify(app.keyrings)
  expect("no key is wrong", found.verdict ~= "mismatch", found.text)
end

return activepieces
