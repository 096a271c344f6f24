-- Appsmiths that are not one container under compose, told by files and by what the engine runs: each is refused by name, with what to do instead.
local composed = require "composed"

local shapes = {}

local STACKS = "/appsmith-stacks"
local FILES = { "Chart.yaml", "values.yaml", "values.yml" } -- of helm

--- Does the helm chart of an Appsmith, or what it is given, lie here?
function shapes.is_helm()
  for _, name in ipairs(FILES) do
    local text = file.exists(name) and file.read(name) or ""
    if text:find "[/%s\"']appsmith%-[ce]e" or text:find "%f[%w]name:%s*[\"']?appsmith%f[%W]" then return true end
  end
  return false
end

--- The stacks of a container that `docker run` made in this folder, as the vendor's page writes it.
function shapes.has_stacks() return file.exists "stacks/configuration/docker.env" end

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

--- The container of an Appsmith that no compose project made, by its image: names of settings and never their values. Nil where there is none.
---@return { name: string, image: string, restart: string, network: string, mounts: string[], ports: string[], settings: string[] }?
function shapes.container()
  if not host.tools({ "docker" }).docker then return nil end
  local found = {}
  for _, line in ipairs(lines(process.read({ "docker", "ps", "--all", "--format", '{{.Names}}|{{.Image}}|{{.Label "com.docker.compose.project"}}' }).out)) do
    local name, image = line:match "^([^|]+)|([^|]+)|$"
    if name and composed.what_runs(image):find "^appsmith%-[ce]e$" then found[#found + 1] = { name = name, image = image } end
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
function shapes.compose_file(one)
  local text, volumes = {}, {}
  local function add(line) text[#text + 1] = line end
  local function list(name, items, form)
    if #items > 0 then add("    " .. name .. ":") end
    for _, item in ipairs(items) do add("      " .. form(item)) end
  end
  add "services:"
  add "  appsmith:"
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

--- Refuses what is here instead of an Appsmith under compose.
function shapes.refuse(files)
  if composed.mentions("/appsmith%-server", files) or composed.mentions("/appsmith%-editor", files) then
    error {
      code = "unsupported",
      message = "this is an Appsmith of several containers, as it was before its one container",
      hint = "move it with the vendor's migration page first; its database is to be dumped and imported there, with encryption.env",
    }
  end
  if shapes.is_helm() then
    error {
      code = "unsupported",
      message = "this is the helm chart of an Appsmith on Kubernetes, which is not driven from here yet",
      hint = "`kubectl exec POD -- appsmithctl backup`, copy the archive and both keys out, then `helm upgrade --set image.tag=vX` release by release, through the "
        .. "checkpoints of playbooks/appsmith/data/checkpoints.json; back only by restoring that archive",
    }
  end
  local one = shapes.container()
  if one then
    log.info "docker-compose.yml that makes the same container:"
    for _, line in ipairs(lines(shapes.compose_file(one))) do log.info(line) end
    local given = #one.settings == 0 and "" or ", and the values of " .. table.concat(one.settings, ", ") .. " into .env, as `docker inspect` shows them"
    error {
      code = "unsupported",
      message = "container " .. one.name .. " of " .. one.image .. " was made by `docker run`, and no compose file says how to make it again",
      hint = "write what stands above into docker-compose.yml" .. given .. "; then `docker stop " .. one.name .. " && docker rm " .. one.name
        .. " && docker compose up -d`",
    }
  end
  error {
    code = "instance.missing",
    message = "there is no compose file of an Appsmith here, and no container of one",
    hint = "name its folder with -C DIR, and its compose files with --files where they have other names",
  }
end

--- Where a container keeps its stacks, for `inspect`.
function shapes.stacks_of(one)
  for _, mount in ipairs(one.mounts) do
    local source = mount:match("^(.*):" .. STACKS .. "$")
    if source then return source end
  end
end

return shapes
