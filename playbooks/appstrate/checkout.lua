-- An Appstrate of tier 0: a checkout of its source that bun runs on this host, with its database in a PGlite folder. How it is run and how a release is
-- fetched cannot be read off the folder: the operator says it once, in playbook.json beside it:
--
--     { "service": { "systemd": "appstrate.service" },       or { "start": ["./ctl", "start"], "stop": [...], "status": [...] }
--       "url": "http://127.0.0.1:3000",
--       "release": [["git", "checkout", "v{release}"], ["bun", "install"]] }      what brings a release here, forward and back
local playbook, instances, crossing = require "playbook", require "instances", require "appstrate.crossing"
require "checks"

local checkout = {}

local SETTINGS = "playbook.json"

local function setting(name, default) return file.exists ".env" and dotenv.get(".env", name, { public = true }) or default end
local function database_folder() return setting("PGLITE_DATA_DIR", "data/pglite") end

--- Is there a checkout with a database of its own? Looks at files alone. A checkout holds the vendor's compose file too.
function checkout.is_here()
  local elsewhere = file.exists ".env" and dotenv.get(".env", "DATABASE_URL") ~= nil
  return file.exists "packages/db/drizzle" and file.exists(database_folder() .. "/PG_VERSION") and not elsewhere
end

--- The release that is checked out, by its tag.
local function version_of()
  local told = process.read({ "git", "describe", "--tags", "--exact-match", "--match", "v*" }, { ok = { 0, 1, 128 } })
  if told.status ~= 0 then
    error {
      code = "unsupported",
      message = "git names no release that is checked out here: " .. told.err:gsub("\n.*", ""),
      hint = "check out the tag of the release that the database is of",
    }
  end
  return told.out:match "v(%S+)"
end

local function keyrings(app)
  local stored = { type = "pglite", path = app.folder }
  return {
    {
      scheme = "appstrate",
      keys = {
        key = secret.dotenv(".env", "CONNECTION_ENCRYPTION_KEY"),
        id = secret.dotenv(".env", "CONNECTION_ENCRYPTION_KEY_ID"),
        retired = secret.dotenv(".env", "CONNECTION_ENCRYPTION_KEYS"),
      },
      stored = instances.with(stored, { columns = { "*.*_encrypted" } }),
    },
    {
      scheme = "better-auth",
      keys = {
        secret = secret.dotenv(".env", "BETTER_AUTH_SECRET"),
        active = secret.dotenv(".env", "BETTER_AUTH_ACTIVE_KID"),
        secrets = secret.dotenv(".env", "BETTER_AUTH_SECRETS"),
      },
      stored = instances.with(stored, { columns = { "jwks.private_key" } }),
    },
  }
end

--- What the server says of itself: `healthy`, or nothing where it does not answer. Of its release it says `dev`.
local function status(app)
  local answered, answer = pcall(http.get, app.url .. "/health", { json = true, timeout = 10 })
  return answered and answer.status == 200 and answer.json.status or nil
end

--- What the operator says of it: { service?, url, release? }.
local function described()
  local said = file.exists(SETTINGS) and json.parse(file.read(SETTINGS)) or {}
  if said.service and not said.service.systemd and not said.service.name then said.service.name = "appstrate" end
  return { service = said.service, url = said.url or "http://127.0.0.1:" .. setting("PORT", "3000"), release = said.release }
end

--- Reads the instance and makes it known to the run.
function checkout.inspect()
  local app = instances.with(described(), {
    type = "appstrate.checkout",
    module = "appstrate.checkout",
    title = "Appstrate",
    env_file = ".env",
    folder = database_folder(),
    files = setting("FS_STORAGE_PATH", "data/storage"),
  })
  app.probe = app.url .. "/health"
  if not checkout.is_here() then
    local hint = "name its folder with -C DIR; a database elsewhere, by DATABASE_URL, is not known yet for a checkout"
    error { code = "instance.missing", message = "there is no checkout of Appstrate with a PGlite database here", hint = hint }
  end
  app.engine = file.read(app.folder .. "/PG_VERSION"):match "%d+"
  app.version = version_of()
  app.keyrings = keyrings(app)
  app.state = { { type = "directory", path = app.folder, name = "pglite" }, { type = "files", paths = {}, optional = { ".env", SETTINGS } } }
  if file.exists(app.files) then app.state[3] = { type = "directory", path = app.files, name = "storage" } end
  playbook.instance(app)
  return app
end

--- Database, files and settings, cold: that nobody has the database open is proved, or there is no backup.
function checkout.back_up(app) return backup.create(app.state, { app = app.module, version = app.version, keyrings = app.keyrings }) end

--- Runs the operator's commands that bring a release here; they may be run again.
function checkout.fetch(app, release)
  for _, command in ipairs(app.release) do
    local words = {}
    for i, word in ipairs(command) do words[i] = word:gsub("{release}", release) end
    process.run(words, { deadline = 3600, repeat_safe = true })
  end
end

--- Waits through the start and its migrations, which answers 503 from beta.42 on; not for one that has ended.
function checkout.wait_ready(app)
  for _ = 1, 600 do
    if status(app) == "healthy" then return end
    expect("the server runs on", service.status(app.service) ~= "stopped", "the server ended as it started; its own log tells why")
    clock.sleep(1)
  end
  expect("the server is well", false, app.url .. "/health did not say healthy within 10 minutes")
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

function checkout.stop_writers(app)
  service.fence(app.service)
  service.stop(app.service)
end

function checkout.unfence(app) service.unfence(app.service) end

function checkout.start(app) service.start(app.service, { deadline = 600 }) end

--- This instance with what a set has brought: of another machine it may say otherwise how the server is started and asked.
function checkout.as_of(app, version) return instances.with(instances.with(app, described()), { version = version }) end

--- The way back: the release, and then its database and files as they were. Starting it again is left to whoever stopped it.
function checkout.restore(app, saved, options)
  checkout.stop_writers(app)
  if app.release then checkout.fetch(app, app.version) end
  backup.restore(saved, options)
  crossing.clear(app.folder)
end

--- Is it well, in the release that it is said to be in?
function checkout.verify(app)
  checkout.wait_ready(app)
  expect.release_is_checked_out(app.version)
end

playbook.check {
  name = "operator_said_how",
  title = "playbook.json says how it is stopped and how a release is fetched",
  override = false,
  run = function(app)
    local missing = {}
    for _, name in ipairs { "service", "release" } do
      if not app[name] then missing[#missing + 1] = SETTINGS .. " does not say `" .. name .. "`" end
    end
    return missing, "the beginning of playbooks/appstrate/checkout.lua shows one"
  end,
}

playbook.check {
  name = "checkout_is_well",
  title = "the server says that it is well",
  while_up = true,
  run = function(app)
    local said = status(app)
    return said == "healthy", app.url .. "/health says " .. (said or "nothing"), "start it, or look why it does not run"
  end,
}

playbook.check {
  name = "release_is_checked_out",
  title = "the release is checked out",
  run = function(release)
    local there = version_of()
    return there == release, there .. " is checked out, not " .. release
  end,
}

playbook.check {
  name = "engine_opens_the_store",
  title = "the PGlite of the release opens the database, or it can be carried over",
  override = false,
  run = function(app, release, engines)
    local wanted = crossing.engine(release)
    if app.engine == wanted then return true end
    local can, why = crossing.can(app.engine, wanted, engines)
    return can, app.folder .. " is of PostgreSQL " .. app.engine .. ", and the PGlite of " .. release .. " is PostgreSQL " .. wanted .. ": " .. why,
      "install node 20 or later, with npm; without a network bring both engines yourself, as playbooks/appstrate/crossing.lua names them: --engines FOLDER"
  end,
}

return checkout
