-- A container that `docker run` made: nothing says how to make it again, so that it is not upgraded before compose/adopt wrote that down.
-- `local docker_run = require "docker_run"`. Reads only.
local composed = require "composed"

local docker_run = {}

local MOUNTS = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}}{{else}}{{.Source}}{{end}}:{{println .Destination}}{{end}}'

--- The only container that no compose project made and whose image's last name is like `pattern`. Nil where there is none.
---@return { name: string, image: string, mounts: string[] }? mounts as "SOURCE:TARGET"
---@param pattern string of Lua
function docker_run.container(pattern)
  if not host.tools({ "docker" }).docker then return nil end
  local found = {}
  local listed = process.read { "docker", "ps", "--all", "--format", '{{.Names}}|{{.Image}}|{{.Label "com.docker.compose.project"}}' }
  for line in listed.out:gmatch "[^\n]+" do
    local name, image = line:match "^([^|]+)|([^|]+)|$"
    if name and composed.what_runs(image):find(pattern) then found[#found + 1] = { name = name, image = image, mounts = {} } end
  end
  if #found ~= 1 then return nil end
  local one = found[1]
  for mount in process.read({ "docker", "inspect", "--format", MOUNTS, one.name }).out:gmatch "[^\n]+" do one.mounts[#one.mounts + 1] = mount end
  return one
end

--- Refuses it, with the way out. `service` is what its family calls it.
function docker_run.refuse(one, service)
  error {
    code = "unsupported",
    message = "container " .. one.name .. " of " .. one.image .. " was made by `docker run`, and no compose file says how to make it again",
    hint = "`playbook run compose/adopt --container " .. one.name .. " --service " .. service .. "` writes that compose file, and proves it",
  }
end

return docker_run
