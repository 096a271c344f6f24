-- What an application under compose keeps beside its database: files in volumes and folders, objects in a bucket, jobs in Redis; as sources of backups, and
-- how they come back. `local stores = require "stores"`. Reads, but for `restore`.
local playbook, composed, instances = require "playbook", require "composed", require "instances"

local stores = {}

--- A mount as a source of a backup; nil where it holds no state: sockets, what is read only, a folder that is not there yet.
local function source_of(config, service, mount)
  if mount.read_only or not mount.source or mount.target:find "^/run/" or mount.target:find "^/var/run/" then return nil end
  local name = service .. mount.target:gsub("[^%w]+", "-")
  if mount.type == "volume" then return { type = "volume", volume = config.volumes[mount.source] or mount.source, name = name } end
  local parent, last = mount.source:match "^(.*)/([^/]+)$"
  if not parent or not file.exists(mount.source) then return nil end
  for _, entry in ipairs(file.list { path = parent == "" and "/" or parent }) do
    if entry.name == last and entry.kind == "file" then return { type = "files", base = parent, paths = { last }, name = name } end
    if entry.name == last and entry.kind ~= "other" then return { type = "directory", path = mount.source, name = name } end
  end
end

local function lies_in(folder, path) return path == folder or path:sub(1, #folder + 1) == folder .. "/" end

--- What is mounted into a service, as sources of a backup; but the paths of the container that are the keys of `but`, which hold no state or have a source.
---@param config table compose.config
---@param service string
---@param but? table<string, any>
---@return table[]
function stores.mounted(config, service, but)
  local sources = {}
  for _, mount in ipairs(config.services[service].volumes) do
    local left_out, exclude = false, {}
    for path in pairs(but or {}) do
      left_out = left_out or lies_in(path, mount.target)
      if lies_in(mount.target, path) then exclude[#exclude + 1] = path:sub(#mount.target + 2) end
    end
    local source = not left_out and source_of(config, service, mount) or nil
    if source and source.type ~= "files" and exclude[1] then source.exclude = exclude end
    sources[#sources + 1] = source
  end
  return sources
end

local function add_mounted(sources, config, service, but)
  for _, source in ipairs(stores.mounted(config, service, but)) do sources[#sources + 1] = source end
end

--- A source that the operator vouches for: "ID TIME HOW TO BRING IT BACK", taken elsewhere.
---@param text string
---@param name string of the source
function stores.snapshot(text, name)
  local id, time, how = text:match "^(%S+) (%S+) (.+)$"
  if id then return { type = "external", id = id, time = time, way_back = how, name = name } end
  error {
    code = "argument.invalid",
    message = 'a snapshot must be named as "ID TIME HOW TO BRING IT BACK", found "' .. text .. '"',
    hint = 'such as --snapshot "snap-0a1b 2026-11-21T07:00:00Z aws s3 sync s3://copy s3://here"',
  }
end

--- The source for a bucket: the objects themselves, or a snapshot of it.
---@param env_file string
---@param names { bucket: string, endpoint: string, region: string, access_key: string, secret_key: string, name?: string } variables that set it, and the
--- name that it has where none does
---@param snapshot? string
local function bucket_of(env_file, names, snapshot)
  local function set(name) return dotenv.get(env_file, name, { public = true }) end
  local bucket = set(names.bucket) or names.name
  if not bucket then error { code = "unsupported", message = env_file .. " does not set " .. names.bucket, hint = "set it there, for its objects belong to a backup" } end
  if snapshot then return stores.snapshot(snapshot, "objects") end
  local source = { type = "s3", bucket = bucket, endpoint = set(names.endpoint), region = set(names.region), name = "objects" }
  if dotenv.get(env_file, names.secret_key) then
    source.access_key, source.secret_key = secret.dotenv(env_file, names.access_key), secret.dotenv(env_file, names.secret_key)
  end
  return source
end

-- One answer for three questions, a line each, with the name of the setting before its value.
local PERSISTENCE = "redis-cli config get save; redis-cli config get appendonly; echo keys; redis-cli dbsize"

--- What Redis says of itself: { keeps, appends, keys }: does it write to disk, to an append-only file, how much does it hold. Nil where it does not say.
local function persistence(project, service, environment)
  local asked, answer = pcall(compose.read, project, service, { "sh", "-c", PERSISTENCE }, { env = environment, deadline = 60 })
  if not asked then return nil end
  local save, appends, count = answer.out:match "save\n([^\n]*)\nappendonly\n(%a+)\nkeys\n%D*(%d+)"
  if not save then return nil end
  return { keeps = save ~= "" or appends == "yes", appends = appends == "yes", keys = tonumber(count) }
end

--- The queue of an application: a service of Redis, with the source of its backup. A container without a mount at /data loses all of it when it is made
--- anew, so that there is nothing to restore into; one that appends is copied cold, with its volume.
---@return { service: string, environment?: table, source?: table, cold: boolean, said?: table }? nil where the project has no Redis
local function queue_of(project, config, password)
  local service = composed.services_of(config, { "redis", "valkey" })[1]
  if not service then return nil end
  local environment = password and { REDISCLI_AUTH = password } or nil
  local said, mount = persistence(project, service, environment), nil
  for _, one in ipairs(config.services[service].volumes) do
    if one.target == "/data" then mount = one end
  end
  local queue = { service = service, environment = environment, said = said, cold = mount ~= nil and said ~= nil and said.appends }
  if queue.cold then
    queue.source = source_of(config, service, mount)
  elseif mount then
    queue.source = { type = "redis", server = { project = project, service = service, password = password }, name = service }
  end
  return queue
end

--- Completes an instance whose `state` is what can be copied while it runs: `online` is that, `state` also what is mounted into its server, its objects
--- and its queue; `queue` is the service of Redis, `still` are services that stand still with it, for their files are copied, and `jobs_elsewhere` says where
--- its jobs are where no Redis of the project has them.
---@param app table with project, env_file, service, state
---@param config table compose.config
---@param facts { but?: table, password?: table, jobs_elsewhere?: string, bucket?: table, snapshot?: string } mounts without state, the secret that Redis asks
--- for, where jobs are instead, where a bucket is set
function stores.add(app, config, facts)
  app.online, app.still, app.jobs_elsewhere = app.state, {}, facts.jobs_elsewhere
  app.queue = not facts.jobs_elsewhere and queue_of(app.project, config, facts.password) or nil
  local sources = { unpack(app.state) }
  add_mounted(sources, config, app.service, facts.but)
  local objects = composed.services_of(config, { "minio" })[1]
  if objects then
    local before = #sources
    add_mounted(sources, config, objects)
    if #sources == before then
      error { code = "unsupported", message = "service " .. objects .. " keeps its objects in no volume and no folder", hint = "give it a volume for /data" }
    end
    app.still = { objects }
  elseif facts.bucket then
    sources[#sources + 1] = bucket_of(app.env_file, facts.bucket, facts.snapshot)
  end
  if app.queue and app.queue.source then sources[#sources + 1] = app.queue.source end
  if app.queue and app.queue.cold then app.still[#app.still + 1] = app.queue.service end
  app.state = sources
end

--- The services that stop with an application, and start with it: its own, and those that stand still with it.
function stores.services(app, services)
  local all = { unpack(services) }
  for _, name in ipairs(app.still) do all[#all + 1] = name end
  return all
end

--- Makes what a restore needs and an empty machine has not: images, containers with their volumes, and a database that answers.
---@param app table with project, database, url
function stores.furnish(app)
  local missing = {}
  for _, service in pairs(compose.config(app.project).services) do
    if service.image and not service.builds and not image.present(service.image) then missing[#missing + 1] = service.image end
  end
  if #missing > 0 then image.pull(missing) end
  compose.create(app.project)
  if not app.database.service then return end
  compose.up(app.project, { services = { app.database.service } })
  retry({ attempts = 120, wait = 1 }, function() postgres.query(app.database, "select 1 as yes") end)
end

--- Brings back what a set holds, with the application stopped: Redis stands still meanwhile, for it writes over its file when it ends. What the operator
--- vouched for is named, for nobody here can bring it back.
---@param app table with `project`
---@param set table backup.set
---@param options? table of backup.restore
function stores.restore(app, set, options)
  local only, vouched, queues = {}, 0, {}
  for _, source in ipairs(set.sources) do
    if source.type == "external" then
      vouched = vouched + 1
      log.warning("the snapshot " .. source.id .. " of " .. source.time .. " is not in " .. set.name .. " and stays as it is now: " .. source.way_back)
    else
      only[#only + 1] = source.name
    end
    if source.type == "redis" then queues[#queues + 1] = source.server.service end
  end
  if app.queue and not app.queue.said and not queues[1] then queues[1] = app.queue.service end -- it did not run: where all is made anew, nobody else starts it
  if app.jobs_elsewhere then log.warning("what waits to be done is " .. app.jobs_elsewhere .. ", and is not brought back") end
  if #queues > 0 then compose.stop(app.project, { services = queues }) end
  local given = instances.with(options or {}, { only = vouched > 0 and only or nil })
  backup.restore(set, given)
  if #queues > 0 then compose.up(app.project, { services = queues }) end
end

--- queue_is_kept(app): what waits in app.queue survives a restart of Redis and is in the backup, or its loss is accepted by `--accept jobs`. What waits
--- elsewhere is neither backed up nor brought back.
playbook.check {
  name = "queue_is_kept",
  title = "what waits in Redis is kept, or its loss is accepted",
  while_up = true,
  run = function(app)
    local queue = app.queue
    if playbook.accepted "jobs" then return true end
    if app.jobs_elsewhere then
      return false, "what waits to be done is " .. app.jobs_elsewhere .. ", and no backup holds it", "let it be done first, then accept it with --accept jobs"
    end
    if not queue then return true end
    local hint = "scheduled runs and webhooks that wait are lost with it: mend that, or accept it with --accept jobs"
    if not queue.said then return false, "service " .. queue.service .. " does not say whether it keeps what it holds", hint end
    if queue.said.keys == 0 then return true end
    local holds = "service " .. queue.service .. " holds " .. queue.said.keys .. (queue.said.keys == 1 and " key" or " keys") .. " and "
    if not queue.said.keeps then return false, holds .. "writes nothing to disk: `save` is empty, `appendonly` is no", hint end
    return queue.source ~= nil, holds .. "has no volume at /data: a container that is made anew begins with nothing", hint
  end,
}

return stores
