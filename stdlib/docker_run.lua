-- A container that `docker run` made: nothing says how to make it again, so that it is not upgraded, but told the compose file that makes the same one.
-- `local docker_run = require "docker_run"`. Reads only.
local composed = require "composed"

local docker_run = {}

local function inspected(name, template)
  return (process.read({ "docker", "inspect", "--format", template, name }).out:gsub("%s+$", ""))
end

local function lines(text)
  local found = {}
  for line in text:gmatch "[^\n]+" do found[#found + 1] = line end
  return found
end

local function not_in(list, others)
  local known, rest = {}, {}
  for _, item in ipairs(others) do known[item] = true end
  for _, item in ipairs(list) do
    if not known[item] then rest[#rest + 1] = item end
  end
  return rest
end

local MOUNTS = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{else}}{{.Source}}{{end}}:{{println .Destination}}{{end}}'
local PORTS = "{{range $port, $all := .HostConfig.PortBindings}}{{range $all}}{{if .HostIp}}{{.HostIp}}:{{end}}{{.HostPort}}:{{println $port}}{{end}}{{end}}"
local ENVIRONMENT = '{{range .Config.Env}}{{println (index (split . "=") 0)}}{{end}}'

--- The only container that no compose project made and whose image's last name is like `pattern`: names of settings and never their values. Nil where there is none.
---@return { name: string, image: string, restart: string, network: string, mounts: string[], ports: string[], settings: string[] }?
---@param pattern string of Lua
function docker_run.container(pattern)
  if not host.tools({ "docker" }).docker then return nil end
  local found = {}
  for _, line in ipairs(lines(process.read({ "docker", "ps", "--all", "--format", '{{.Names}}|{{.Image}}|{{.Label "com.docker.compose.project"}}' }).out)) do
    local name, image = line:match "^([^|]+)|([^|]+)|$"
    if name and composed.what_runs(image):find(pattern) then found[#found + 1] = { name = name, image = image } end
  end
  if #found ~= 1 then return nil end
  local one = found[1]
  one.restart = inspected(one.name, "{{.HostConfig.RestartPolicy.Name}}")
  one.network = inspected(one.name, "{{.HostConfig.NetworkMode}}")
  one.mounts = lines(inspected(one.name, MOUNTS))
  one.ports = lines(inspected(one.name, PORTS))
  for i, port in ipairs(one.ports) do one.ports[i] = port:gsub("/tcp$", "") end
  one.settings = not_in(lines(inspected(one.name, ENVIRONMENT)), lines(inspected(one.image, ENVIRONMENT)))
  return one
end

--- The compose file that makes the same container.
local function compose_file(one, service)
  local text, volumes = {}, {}
  local function add(line) text[#text + 1] = line end
  local function list(name, items, form)
    if #items > 0 then add("    " .. name .. ":") end
    for _, item in ipairs(items) do add("      " .. form(item)) end
  end
  add "services:"
  add("  " .. service .. ":")
  add("    image: " .. one.image)
  add("    container_name: " .. one.name)
  if one.restart ~= "" and one.restart ~= "no" then add("    restart: " .. one.restart) end
  if one.network ~= "default" and one.network ~= "bridge" then add("    network_mode: " .. one.network) end
  list("ports", one.ports, function(port) return '- "' .. port .. '"' end)
  list("volumes", one.mounts, function(mount)
    local source = mount:match "^([^/:]+):"
    if source then volumes[#volumes + 1] = source end
    return '- "' .. mount .. '"'
  end)
  list("environment", one.settings, function(name) return name .. ": ${" .. name .. "}" end)
  if #volumes > 0 then add "volumes:" end
  for _, name in ipairs(volumes) do
    add("  " .. name .. ":")
    add "    external: true"
  end
  return table.concat(text, "\n") .. "\n"
end

--- Refuses it, with the compose file.
function docker_run.refuse(one, service)
  log.info "docker-compose.yml that makes the same container:"
  for _, line in ipairs(lines(compose_file(one, service))) do log.info(line) end
  local given = #one.settings == 0 and "" or ", and the values of " .. table.concat(one.settings, ", ") .. " into .env, as `docker inspect` shows them"
  error {
    code = "unsupported",
    message = "container " .. one.name .. " of " .. one.image .. " was made by `docker run`, and no compose file says how to make it again",
    hint = "write what stands above into docker-compose.yml" .. given .. "; then `docker stop " .. one.name .. " && docker rm " .. one.name
      .. " && docker compose up -d`",
  }
end

return docker_run
