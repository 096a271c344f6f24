-- Appstrate under compose with PostgreSQL, as its playbooks see it: what it is (instance.lua), how it is proved to be well (conditions.lua), and here how it
-- stops, starts and goes back. Facts of releases are data: journals.lua and data/.
local playbook, instance, instances = require "playbook", require "appstrate.instance", require "instances"
local composed, stores, journals = require "composed", require "stores", require "appstrate.journals"
local checkout = require "appstrate.checkout"
require "appstrate.conditions"

local checkpoints = playbook.data "appstrate/data/checkpoints.json"

local appstrate = {
  is_here = instance.is_here,
  deployment = instance.inspect, -- under compose, or refused
  migrations = instance.migrations,
  release = instance.release,
  with_compose_file = instance.with_compose_file,
  probe = instance.probe,
  services = function(app) return stores.services(app, instance.services(app)) end, -- of the release and what stops with it
  KEPT = { "user", "organizations", "applications", "packages", "runs", "integration_connections" }, -- tables that an upgrade never takes rows from
  releases = journals.releases,
}

--- Whatever Appstrate is here.
function appstrate.inspect(given, ...)
  if not (given and given.files) and checkout.is_here() then return checkout.inspect() end
  return instance.inspect(given, ...)
end

--- The way to a release, through those at which it must stop.
function appstrate.path(app, to) return version.path(app.version, to, checkpoints, { facts = { pglite = false } }) end

--- The services of a release, and what stops and starts with them.
function appstrate.all_services(app) return stores.services(app, app.services) end

local GRACE = 45 -- seconds: the server drains for up to 40

--- Database, settings, files, objects and jobs, with fingerprints of the keys without which the database is of little use.
function appstrate.back_up(app, note, state)
  return backup.create(state or app.state, { app = "appstrate", version = app.version, keyrings = app.keyrings, note = note })
end

--- Proves that this database can be dumped and restored here, while Appstrate still runs.
function appstrate.rehearse(app, target)
  backup.rehearse(appstrate.back_up(app, "online copy before the upgrade to " .. target.version, app.online))
end

--- Who may look as a person does: nobody where no token is given.
function appstrate.access(p) return p.token and { token = secret.file(p.token), organization = p.organization } or nil end

--- Rows of migrations of the release that runs with other times than those have.
function appstrate.drifted(app)
  local own = journals.of(app.version)
  return own and journals.drifted(instance.migrations(app), own) or {}
end

--- Gives rows the times of their migrations: each only where it has the time that was seen, or has its own already.
function appstrate.realign(app, drifted)
  local lines = { "begin;" }
  for _, row in ipairs(drifted) do
    local of_row = (" where hash = '%s' and created_at = "):format(row.hash:gsub("[^%x]", ""))
    lines[#lines + 1] = ("update drizzle.__drizzle_migrations set created_at = %d%s%d;"):format(row.at, of_row, row.was)
    lines[#lines + 1] = ("select 1 / count(*) from drizzle.__drizzle_migrations%s%d;"):format(of_row, row.at) -- fails where there is none
  end
  lines[#lines + 1] = "commit;"
  local psql = 'exec psql -X -q -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "${POSTGRES_DB:-$POSTGRES_USER}" -c "$1"'
  compose.exec(app.project, app.database.service, { "sh", "-euc", psql, "sh", table.concat(lines, " ") }, { repeat_safe = true })
end

--- Waits through the start, which answers 503 from beta.42 on, and fails with the line that tells why.
function appstrate.wait_ready(app, release)
  local ready = { status = 200 }
  if version.compare(release.version, "1.0.0-beta.39") >= 0 then ready.json = { version = { app = "v" .. release.version } } end
  migrate.watch(app.project, {
    service = app.service,
    url = app.url .. "/health",
    ready = ready,
    starting = { status = 503 },
    fail = { "^error: ", "^PostgresError: ", "Boot failed" },
    progress = { "Core migrations applied", "Server ready", "Server started" },
    deadline = 600,
    restarts = 0,
  })
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

function appstrate.stop_writers(app)
  local writers = { services = appstrate.all_services(app) } -- all that is of the release: what runs on would be made anew with the server
  compose.fence(app.project, writers)
  compose.stop(app.project, { services = writers.services, grace = GRACE })
end

function appstrate.unfence(app) compose.unfence(app.project) end

function appstrate.start(app) compose.up(app.project, { services = stores.services(app, { app.service }) }) end

--- This instance as it was, or will be, in another release.
function appstrate.as_of(app, version) return instances.with(app, { version = version, image = instance.release(app, version).image }) end

--- The way back: the database and all beside it as they were, before the old image starts; and the settings whole. Starting it again is left to whoever
--- stopped it.
function appstrate.restore(app, saved, options)
  appstrate.stop_writers(app)
  stores.restore(app, saved, options)
end

--- What a restore needs where nothing is.
function appstrate.furnish(app) stores.furnish(app) end

function appstrate.evidence(app) return composed.evidence(app.project) end

--- Is it well, in the release that it is said to be in?
function appstrate.verify(app)
  local release = { version = app.version, image = app.image }
  appstrate.wait_ready(app, release)
  expect.healthy(app)
  expect.migrations(app, release)
  local found = keys.verify(app.keyrings)
  expect("no key is wrong", found.verdict ~= "mismatch", found.text)
end

return appstrate
