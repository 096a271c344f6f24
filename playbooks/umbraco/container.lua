-- An Umbraco site in a container of its own, made from a Dockerfile as a service of a compose project: what is read of it. Its data is what is mounted into it;
-- all else comes from the build, and goes with the container.
local composed, stores = require "composed", require "stores"

local container = {}

local CONTENT_ROOT = "/app" -- WORKDIR of the vendor's Dockerfile

local function unsupported(message, hint) error { code = "unsupported", message = message, hint = hint } end

local function joined(folder, path) return (path:find "^/" or folder == ".") and path or folder .. "/" .. path end

-- Where what is mounted lies on this machine, the deepest mount first; `source` is nil where nobody here can see it.
local function mounts_of(config, service)
  local mounts = {}
  for i, volume in ipairs(service.volumes) do
    local source = volume.source
    if volume.type == "volume" then source = source and composed.mountpoint(config.volumes[source] or source) end
    mounts[i] = { target = volume.target, source = source }
  end
  table.sort(mounts, function(a, b) return #a.target > #b.target end)
  return mounts
end

--- What the compose file says of the service that playbook.json names: how the project is reached, its image, its mounts, and files of which it is built.
function container.described(told)
  local name, folder = told.compose, told.project or "."
  local config = compose.config { folder = folder, files = told.files, name = told.name }
  local service = config.services[name]
  if not service then unsupported("the compose project in " .. folder .. " has no service " .. name, "playbook.json names it under service.compose") end
  if not service.builds then unsupported("service " .. name .. " is not built here: its image is " .. service.image, "name a service that has build:") end
  local found = {
    project = { folder = folder, files = config.files, name = config.name, env_file = config.env_file },
    tool = config.compose.generation == 1 and { "docker-compose" } or { "docker", "compose" },
    service = name,
    services = {},
    image = service.image or config.name .. (config.compose.generation == 1 and "_" or "-") .. name,
    content_root = told.content_root or CONTENT_ROOT,
    mounts = mounts_of(config, service),
    context = joined(folder, service.build.context),
    built_of = { joined(service.build.context, service.build.dockerfile), joined(service.build.context, ".dockerignore") }, -- below the project
    variables = {},
  }
  found.dockerfile = joined(found.context, service.build.dockerfile)
  for other in pairs(config.services) do found.services[other] = true end
  for i, file in ipairs(config.files) do found.variables[i] = joined(folder, file) .. "#" .. name end
  return found
end

--- Names of variables that Compose gives to the service and that are not read from its file here: by `extends`, or an included file.
function container.unread(app)
  local names = {}
  for _, name in ipairs(compose.config(app.container.project).services[app.container.service].environment) do
    local secret = name:lower():find "key$" or name:lower():find "secret$" or name:lower():find "password$" or name:lower():find "token$"
    local tells = name:find "^[Uu][Mm][Bb][Rr][Aa][Cc][Oo]__" or name:find "^[Cc]onnection[Ss]trings__" or name:find "^ASPNETCORE_"
    local found = tells and not secret and appsettings.get(app.root, name:gsub("__", ":"), { over = app.variables })
    if tells and not secret and (not found or found.file) then names[#names + 1] = name end
  end
  return names
end

--- A path of the site's, as it is in its container.
function container.inside(found, path) return path:find "^/" and path or found.content_root .. "/" .. path end

--- Where that lies on this machine; nil where nothing is mounted there.
function container.outside(found, path)
  local wanted = container.inside(found, path)
  for _, mount in ipairs(found.mounts) do
    if wanted == mount.target then return mount.source end
    if wanted:sub(1, #mount.target + 1) == mount.target .. "/" then return mount.source and mount.source .. wanted:sub(#mount.target + 1) end
  end
end

--- Sources of a backup for its image, the files that make the container, and what is mounted into it, but `database` and what is made anew.
function container.state(found, database)
  local but = {}
  for _, path in ipairs { "umbraco/Logs", "umbraco/Data/TEMP" } do but[container.inside(found, path)] = true end
  for _, ending in ipairs(database and { "", "-wal", "-shm", "-journal" } or {}) do but[database .. ending] = true end
  local project, state = found.project, stores.mounted(compose.config(found.project), found.service, but)
  local optional = { unpack(found.built_of) }
  optional[#optional + 1] = project.env_file
  table.insert(state, 1, { type = "image", image = found.image })
  table.insert(state, 2, { type = "files", base = project.folder, paths = project.files, optional = optional, name = "compose" })
  return state
end

--- The command that builds its image, where the operator does not name another.
function container.build_command(found)
  local argv = { unpack(found.tool) }
  local function add(...)
    for _, word in ipairs { ... } do argv[#argv + 1] = word end
  end
  add("--project-directory", found.project.folder, "-p", found.project.name)
  for _, file in ipairs(found.project.files) do add("-f", joined(found.project.folder, file)) end
  add("build", found.service)
  return argv
end

-- `FROM mcr.microsoft.com/dotnet/aspnet:9.0-alpine AS base`: base images of .NET follow the release.
local BASE = "(\n%s*[Ff][Rr][Oo][Mm]%s[^\n]-dotnet/%w+:)(%d+%.%d+)([^\n]*)"

--- The base images of .NET in its Dockerfile that are not of `framework`, such as net10.0: what they name, and the file's text with all of them changed.
function container.rebased(found, framework)
  local wanted, others, pinned, known = framework:match "%d+%.%d+", {}, {}, 0
  local text = ("\n" .. file.read(found.dockerfile)):gsub(BASE, function(before, release, after)
    known = known + 1
    if release ~= wanted then others[#others + 1] = release end
    if release ~= wanted and after:find "@sha256:" then pinned[#pinned + 1] = (before .. release):match "%S+$" end
    return before .. wanted .. after
  end)
  return { known = known, others = others, pinned = pinned, text = text:sub(2) }
end

return container
