-- An Activepieces under compose, with PostgreSQL or with PGlite in its one container, read: what runs here, what a release would be, what its database holds.
-- Changes nothing. A container made by `docker run` is refused by name.
local playbook, composed, stores, manifests = require "playbook", require "composed", require "stores", require "activepieces.manifests"
local docker_run, instances = require "docker_run", require "instances"

local instance = {}

local PACKAGE = "/usr/src/app/package.json"

--- Is there an Activepieces? Looks at files alone.
function instance.is_here(files) return composed.mentions("/activepieces[:@]", files) end

local function refuse_other_shapes(files)
  if instance.is_here(files) then return end
  local one = docker_run.container "^activepieces$"
  if one then docker_run.refuse(one, "app") end
  error {
    code = "instance.missing",
    message = "there is no compose file of an Activepieces here",
    hint = "name its folder with -C DIR, and its compose files with --files where they have other names",
  }
end

--- A setting that is no secret: as .env has it, or as a compose file writes it for the server, by name and without variables in it.
local function public(app, name)
  local set = file.exists(app.env_file) and dotenv.get(app.env_file, name, { public = true })
  if set then return set end
  for _, path in ipairs(app.project.files) do
    local named, value = pcall(yaml.get, path, { "services", app.service, "environment", name }, { public = true })
    if named and type(value) == "string" and not value:find("$", 1, true) then return value end
  end
end

local function has(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

--- Which of the services serves: the one that publishes a port; the others are workers.
local function roles(config)
  local server, workers = nil, {}
  for _, name in ipairs(composed.services_of(config, { "activepieces" })) do
    if config.services[name].ports[1] and not server then
      server = name
    else
      workers[#workers + 1] = name
    end
  end
  if not server then
    local hint = "nobody here could ask whether it is well; publish port 80 of the app"
    error { code = "unsupported", message = "no service of Activepieces publishes a port", hint = hint }
  end
  return server, workers
end

--- The folder of this machine that is AP_CONFIG_PATH in the container: what the server made itself, its keys and the database of PGlite.
local function config_folder(app, config)
  local folder = public(app, "AP_CONFIG_PATH") or "/root/.activepieces" -- in the container
  for _, mount in ipairs(config.services[app.service].volumes) do
    if mount.target == folder and mount.type == "bind" then return mount.source end
    if mount.target == folder and mount.type == "volume" and mount.source then
      return composed.mountpoint(config.volumes[mount.source] or mount.source)
    end
  end
end

--- Where its data is: a PostgreSQL service of the project, or one elsewhere by AP_POSTGRES_URL; or { pglite = folder }.
local function database(app, config)
  local kind = public(app, "AP_DB_TYPE")
  if not kind and has(app.settings, "AP_DB_TYPE") then
    error { code = "unsupported", message = "AP_DB_TYPE is set, but not in " .. app.env_file .. ", nor as `AP_DB_TYPE: ...` under environment", hint = "move it there" }
  end
  if kind == "PGLITE" then
    local folder = config_folder(app, config)
    if not folder then
      error { code = "unsupported", message = "no folder of this machine keeps AP_CONFIG_PATH of " .. app.service,
        hint = "its database would go away with its container: stop it, `docker cp` that folder out of it, and mount it there" }
    end
    return { pglite = folder .. "/pglite" }
  end
  if kind and kind ~= "POSTGRES" then error { code = "unsupported", message = "AP_DB_TYPE is " .. kind, hint = "PostgreSQL and PGlite are known" } end
  if has(app.settings, "AP_POSTGRES_URL") then
    local url = dotenv.get(app.env_file, "AP_POSTGRES_URL")
    if not url then error { code = "unsupported", message = "AP_POSTGRES_URL is set, but not in " .. app.env_file, hint = "move it there" } end
    return { url = url }
  end
  local services = composed.services_of(config, { "postgres", "pgvector" })
  local wanted = public(app, "AP_POSTGRES_HOST")
  for _, name in ipairs(services) do
    if #services == 1 and not wanted or name == wanted or config.services[name].container_name == wanted then return { project = app.project, service = name } end
  end
  error {
    code = "unsupported",
    message = "AP_POSTGRES_HOST is " .. (wanted or "not set") .. ", and the project has " .. #services .. " services of PostgreSQL: " .. table.concat(services, ", "),
    hint = "for a server elsewhere give its whole address in AP_POSTGRES_URL",
  }
end

--- The key of connections and other settings: the variable, else what the server made itself. oauth_app."clientSecret" is left out: what it holds cannot
--- prove a key.
local function keyrings(app, config)
  local places, folder = { "AP_ENCRYPTION_KEY" }, config_folder(app, config)
  if folder then places[2] = secret.json(folder .. "/settings.json", "ENCRYPTION_KEY") end
  local stored = app.database.pglite and { type = "pglite", path = app.database.pglite } or { type = "postgres", server = app.database }
  return {
    {
      scheme = "activepieces",
      service = { project = app.project, service = app.service },
      keys = { key = places },
      stored = instances.with(stored, { columns = { "app_connection.value", "ai_provider.auth", "secret_manager_connection.auth" } }),
    },
  }
end

--- What the server says of itself: { well, version? }; nothing where it does not answer.
function instance.health(app)
  local answered, answer = pcall(http.get, app.url .. app.health_path, { json = true, timeout = 10 })
  local found = { well = answered and answer.status == 200 and answer.json.status == "Healthy" }
  local told, flags = pcall(http.get, app.url .. "/api/v1/flags", { json = true, timeout = 10 })
  if told and flags.status == 200 then found.version = flags.json.CURRENT_VERSION end
  return found
end

--- The release inside an image that is here; nil where it does not say.
local function inside(ref)
  local read, text = pcall(image.read, ref, PACKAGE)
  return read and json.parse(text).version or nil
end

--- Every way to tell the release that runs; they are compared by a gate.
local function versions(app)
  local found = { server = instance.health(app).version }
  for _, container in ipairs(composed.containers(app.project, app.services)) do
    found["container " .. container.name] = composed.bare(composed.tag_of(container.image) or "untagged")
    if container.service == app.service then found.image = inside(container.image_id) end
  end
  return found
end

--- From 0.80.0 on the address of health has /api in front.
local function health_path(release) return release and version.compare(release, "0.80.0") < 0 and "/v1/health" or "/api/v1/health" end
instance.health_path = health_path

-- Variables that set where files are kept, when AP_FILE_STORAGE_LOCATION is S3.
local BUCKET = {
  bucket = "AP_S3_BUCKET", endpoint = "AP_S3_ENDPOINT", region = "AP_S3_REGION", access_key = "AP_S3_ACCESS_KEY_ID", secret_key = "AP_S3_SECRET_ACCESS_KEY",
}
local CACHES = { ["/usr/src/app/cache"] = true } -- made again by whoever misses it

--- Where jobs are, when no Redis of the project has them; by AP_REDIS_TYPE, which was AP_QUEUE_MODE before 0.70.0.
local function jobs_elsewhere(app, config)
  local kind = public(app, "AP_REDIS_TYPE") or public(app, "AP_QUEUE_MODE") or "STANDALONE"
  if kind == "MEMORY" then return "in the memory of the server" end
  if kind == "SENTINEL" then return "in a Redis behind a Sentinel" end
  local host, services = public(app, "AP_REDIS_HOST"), composed.services_of(config, { "redis", "valkey" })
  for _, name in ipairs(services) do
    if not host or name == host or config.services[name].container_name == host then return nil end
  end
  if host or has(app.settings, "AP_REDIS_URL") or has(app.settings, "AP_REDIS_HOST") then return "in a Redis outside of the project" end
end

--- What the compose files say of it.
local function described(app, config)
  local server, workers = roles(config)
  app.service, app.workers, app.services, app.images = server, workers, { server, unpack(workers) }, {}
  for i, name in ipairs(app.services) do app.images[i] = config.services[name].image end
  app.image = config.services[server].image
  app.settings = config.services[server].environment
  app.pinned = composed.tag_of(app.image)
end

--- This instance with a new compose file in the place of its own: { app, path, changes, left_behind }.
function instance.with_compose_file(app, path) return composed.with_compose_file(app, path, described) end

--- Reads the instance and makes it known to the run. `given.files` names the compose files where they are not the default ones; `snapshot` is of its
--- bucket, `name` that of the project where nothing here tells.
function instance.inspect(given, snapshot, name)
  local files = given and given.files
  refuse_other_shapes(files)
  local config = composed.project(files, name)
  local app = {
    type = "activepieces.instance",
    module = "activepieces",
    title = "Activepieces",
    files = files,
    project = { folder = config.folder, files = config.files, name = config.name, env_file = config.env_file },
    env_file = config.env_file or ".env",
    overridden = config.overridden,
  }
  described(app, config)
  app.url = composed.address(config.services[app.service], app.service)
  app.health_path = health_path(composed.release_in(app.pinned))
  app.probe = app.url .. app.health_path
  app.database = database(app, config)
  app.keyrings = keyrings(app, config)
  app.versions = versions(app)
  app.version = app.versions.image or app.versions.server or composed.release_in(app.pinned)
  app.state = { { type = "files", paths = { unpack(config.files) }, optional = { app.env_file } } }
  if not app.database.pglite then table.insert(app.state, 1, { type = "postgres", server = app.database }) end
  stores.add(app, config, {
    but = CACHES,
    password = file.exists(app.env_file) and dotenv.get(app.env_file, "AP_REDIS_PASSWORD") or nil,
    jobs_elsewhere = jobs_elsewhere(app, config),
    bucket = public(app, "AP_FILE_STORAGE_LOCATION") == "S3" and BUCKET or nil,
    snapshot = snapshot,
  })
  playbook.instance(app)
  return app
end

--- Refuses an instance whose database can be asked only while it stands still.
function instance.demand_server(app)
  if not app.database.pglite then return end
  error {
    code = "unsupported",
    message = "this Activepieces has its database in PGlite, at " .. app.database.pglite,
    hint = "activepieces/upgrade-pglite upgrades it, and `playbook rollback` or `playbook backup restore` brings it back",
  }
end

--- A release as this instance would run it.
function instance.release(app, name)
  local release = composed.bare(name)
  local ref = composed.without_tag(app.image) .. ":" .. release
  return { version = release, image = ref, images = { ref }, health_path = health_path(release) }
end

--- The names of a release's migrations: from its image, which is the authority, or before it is here from what this playbook knows.
function instance.manifest(release)
  if image.present(release.image) then return manifests.of_image(release.image) end
  return manifests.of(release.version)
end

return instance
