-- Appsmiths that are not one container under compose, told by files and by what the engine runs: each is refused by name, with what to do instead.
local composed, docker_run = require "composed", require "docker_run"

local shapes = {}

local STACKS = "/appsmith-stacks"
local VALUES = { "values.yaml", "values.yml" } -- of helm
local FILES = { "Chart.yaml", unpack(VALUES) }

--- Does the helm chart of an Appsmith, or what it is given, lie here?
function shapes.is_helm()
  for _, name in ipairs(FILES) do
    local text = file.exists(name) and file.read(name) or ""
    if text:find "[/%s\"']appsmith%-[ce]e" or text:find "%f[%w]name:%s*[\"']?appsmith%f[%W]" then return true end
  end
  return false
end

--- What the chart's own updater is said to be, which replaces the pod by the newest image every hour; older charts have it on where nothing is said.
local function autoupdate()
  for _, name in ipairs(VALUES) do
    local read, value = pcall(yaml.get, name, { "autoupdate", "enabled" }, { public = true })
    if read and value ~= nil then
      return tostring(value) == "true" and "; " .. name .. " has its autoupdate on, which replaces it by the newest image every hour" or ""
    end
  end
  return "; nothing here says whether its autoupdate is on, as it is in older charts"
end

--- The stacks of a container that `docker run` made in this folder, as the vendor's page writes it.
function shapes.has_stacks() return file.exists "stacks/configuration/docker.env" end

--- The container of an Appsmith that no compose project made.
function shapes.container() return docker_run.container "^appsmith%-[ce]e$" end

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
      message = "this is the helm chart of an Appsmith on Kubernetes, which is not driven from here yet" .. autoupdate(),
      hint = "`helm upgrade --reuse-values --set autoupdate.enabled=false` first; `kubectl exec "
        .. "POD -- appsmithctl backup`, copy the archive and both keys out, then `helm upgrade --set image.tag=vX` release by release, through the "
        .. "checkpoints of playbooks/appsmith/data/checkpoints.json; back only by restoring that archive",
    }
  end
  local one = shapes.container()
  if one then docker_run.refuse(one, "appsmith") end
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
