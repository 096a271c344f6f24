-- An Appstrate under compose with PostgreSQL, read: what runs here, what a release would be, what its database holds. Changes nothing. Tier 0 (PGlite, no
-- compose) is checkout.lua.
local checkout = require "appstrate.checkout"
local playbook, composed, stores, journals = require "playbook", require "composed", require "stores", require "appstrate.journals"

local instance = {}

local IMAGES = "/appstrate[:@]"
local JOURNAL = "/app/packages/db/drizzle/meta/_journal.json"
--- Is there an Appstrate? Looks at files alone.
function instance.is_here(files) return composed.mentions(IMAGES, files) or checkout.is_here() end

local function refuse_other_shapes(files)
  if not files and checkout.is_here() then
    error {
      code = "unsupported",
      message = "this is an Appstrate of tier 0 (a source checkout with PGlite, no compose)",
      hint = "appstrate/upgrade-tier0 upgrades it, and backup create and restore know it",
    }
  end
  if composed.mentions(IMAGES, files) then return end
  error {
    code = "instance.missing",
    message = "there is no compose file of an Appstrate here",
    hint = "name its folder with -C DIR, and its compose files with --files where they have other names",
  }
end

--- The vendor's own command gives the project a name that no compose file holds.
local function project_name()
  if not file.exists ".appstrate/project.json" then return nil end
  return json.parse(file.read ".appstrate/project.json").projectName
end

--- Services by what they run, for operators rename them: the server, its one-shot migration, the database, and all that use an image of Appstrate.
local function roles(config)
  local servers, seen, found = {}, {}, { appstrate = {}, databases = {}, images = {}, image_of = {} }
  for name, service in pairs(config.services) do
    local what = service.image and composed.what_runs(service.image)
    if what == "postgres" then found.databases[#found.databases + 1] = name end
    if what == "appstrate" then servers[#servers + 1] = name end
    if what and what:find "^appstrate" then
      found.appstrate[#found.appstrate + 1] = name
      found.image_of[name] = service.image
      if not seen[service.image] then found.images[#found.images + 1] = service.image end
      seen[service.image] = true
    end
  end
  for _, name in ipairs(servers) do
    for _, other in ipairs(servers) do
      if config.services[name].depends_on[other] then found.migrate = other end
    end
  end
  found.servers = {}
  for _, name in ipairs(servers) do
    if name ~= found.migrate then found.servers[#found.servers + 1] = name end
  end
  return found
end

local function only(list, what)
  if #list == 1 then return list[1] end
  error { code = "unsupported", message = "the compose project has " .. #list .. " services that are " .. what .. ", expected one: " .. table.concat(list, ", ") }
end

local SERVER_PORT = "3000" -- in the container

-- Variables that set where objects are kept, and the name that the vendor's files give the bucket.
local BUCKET = {
  bucket = "S3_BUCKET", endpoint = "S3_ENDPOINT", region = "S3_REGION", access_key = "AWS_ACCESS_KEY_ID", secret_key = "AWS_SECRET_ACCESS_KEY", name = "appstrate",
}

--- Does the compose file pass this setting on to the server?
local function passes(app, setting)
  for _, name in ipairs(app.settings) do
    if name == setting then return true end
  end
  return false
end

--- What the server says of itself: { status, version? }; nothing where it does not answer.
function instance.health(url)
  local answered, answer = pcall(http.get, url .. "/health", { json = true, timeout = 10 })
  if not answered then return {} end
  local version = answer.json.version
  return { status = answer.json.status, version = version and composed.bare(version.app) }
end

-- Addresses that read the tables in which releases differ, where /health asks only whether the database is there.
local SIGNED_IN = { "/api/proxies", "/api/runs", "/api/model-provider-credentials" }

--- What addresses answer to somebody who is signed in: path -> status. `access` is { token = secret, organization? }.
function instance.probe(app, access)
  local found = {}
  for _, path in ipairs(SIGNED_IN) do
    found[path] = http.get(app.url .. path, { headers = { Authorization = access.token, ["X-Org-Id"] = access.organization }, timeout = 30 }).status
  end
  return found
end

--- Every way to tell the release that runs; they are compared by a gate.
local function versions(app)
  local found = { health = app.health.version }
  for _, container in ipairs(composed.containers(app.project, { app.service })) do
    found.container = composed.bare(composed.tag_of(container.image) or "untagged")
    local present = image.present(container.image, { env = { "APP_VERSION" } })
    local inside = present and present.environment and present.environment.APP_VERSION
    found.image = inside and composed.bare(inside)
  end
  return found
end

--- The keys of what is stored encrypted, by the names of the variables that hold them.
local function keyrings(app)
  local server = { project = app.project, service = app.service }
  return {
    {
      scheme = "appstrate",
      service = server,
      keys = { key = "CONNECTION_ENCRYPTION_KEY", id = "CONNECTION_ENCRYPTION_KEY_ID", retired = "CONNECTION_ENCRYPTION_KEYS" },
      stored = { type = "postgres", server = app.database, columns = { "*.*_encrypted" } },
    },
    {
      scheme = "better-auth",
      service = server,
      keys = { secret = "BETTER_AUTH_SECRET", active = "BETTER_AUTH_ACTIVE_KID", secrets = "BETTER_AUTH_SECRETS" },
      stored = { type = "postgres", server = app.database, columns = { "jwks.private_key" } },
    },
  }
end

--- What the compose files say of it.
local function described(app, config)
  local found = roles(config)
  app.service = only(found.servers, "the Appstrate server")
  app.migrate, app.services, app.images, app.image_of = found.migrate, found.appstrate, found.images, found.image_of
  app.image = config.services[app.service].image
  app.settings = config.services[app.service].environment
  app.database = { project = app.project, service = only(found.databases, "PostgreSQL") }
  app.database_container = config.services[app.database.service].container_name
  return config.services[app.service]
end

--- This instance with a new compose file in the place of its own: { app, path, changes, left_behind }.
function instance.with_compose_file(app, path) return composed.with_compose_file(app, path, described) end

--- Reads the instance and makes it known to the run. `given.files` names the compose files where they are not the default ones; `snapshot` is of its
--- bucket, `name` that of the project where nothing here tells.
function instance.inspect(given, snapshot, name)
  local files = given and given.files
  refuse_other_shapes(files)
  local config = composed.project(files, name or project_name())
  local app = {
    type = "appstrate.instance",
    module = "appstrate",
    title = "Appstrate",
    files = files,
    project = { folder = config.folder, files = config.files, name = config.name, env_file = config.env_file },
    env_file = config.env_file or ".env",
    overridden = config.overridden,
  }
  app.url = composed.address(described(app, config), app.service, SERVER_PORT)
  app.probe = app.url .. "/health"
  app.keyrings = keyrings(app)
  app.pinned = dotenv.get(app.env_file, "APPSTRATE_VERSION", { public = true })
  app.health = instance.health(app.url)
  app.versions = versions(app)
  app.version = app.versions.health or app.versions.image or composed.release_in(app.versions.container) or composed.release_in(app.pinned)
  app.state = {
    { type = "postgres", server = app.database },
    { type = "files", paths = { app.env_file, unpack(config.files) }, optional = { ".appstrate/project.json" } },
  }
  local queue_is_elsewhere = passes(app, "REDIS_URL") and not composed.services_of(config, { "redis", "valkey" })[1]
  stores.add(app, config, {
    bucket = passes(app, "S3_BUCKET") and BUCKET or nil,
    snapshot = snapshot,
    jobs_elsewhere = queue_is_elsewhere and "in a Redis outside of the project" or nil,
  })
  playbook.instance(app)
  return app
end

--- The services that run Appstrate as the compose files are now; a restore may have brought back others.
function instance.services(app) return roles(compose.config(app.project)).appstrate end

--- A release as this instance would run it. Tags carry a `v` or not: the form is the one that the registry knows.
function instance.release(app, name)
  local version = composed.bare(name)
  local target = { version = version, images = {}, of_service = {} }
  for _, tag in ipairs { version, "v" .. version } do
    local ref = composed.without_tag(app.image) .. ":" .. tag
    if not target.tag and (image.present(ref) or image.resolve(ref).digest) then target.tag = tag end
  end
  target.image = composed.without_tag(app.image) .. ":" .. (target.tag or version)
  for i, ref in ipairs(app.images) do target.images[i] = composed.without_tag(ref) .. ":" .. (target.tag or version) end
  for service, ref in pairs(app.image_of) do target.of_service[service] = composed.without_tag(ref) .. ":" .. (target.tag or version) end
  return target
end

--- The journal of a release: from its image, which is the authority, or before it is here from what this playbook knows.
function instance.journal(release)
  if image.present(release.image) then return journals.parse(image.read(release.image, JOURNAL)) end
  return journals.of(release.version)
end

--- The rows of the migrations table: { at, hash }.
function instance.migrations(app)
  local table_is_there = postgres.query(app.database, "select to_regclass('drizzle.__drizzle_migrations') is not null as yes")[1].yes
  if not table_is_there then return {} end
  return postgres.query(app.database, "select created_at as at, hash from drizzle.__drizzle_migrations order by created_at")
end

return instance
