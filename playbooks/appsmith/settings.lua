-- What docker.env and the environment of the container must say, and must not: gate.NAME before the change, expect.NAME after it. Names alone are read, but for
-- the place of the git storage.
local playbook = require "playbook"

local settings = {}

local KEYS = { "APPSMITH_ENCRYPTION_PASSWORD", "APPSMITH_ENCRYPTION_SALT" }
local JVM_OPTIONS = { APPSMITH_JAVA_ARGS = true, APPSMITH_JAVA_HEAP_ARG = true, JAVA_OPTS = true, JAVA_OPTS_APPEND = true, JAVA_TOOL_OPTIONS = true,
  JDK_JAVA_OPTIONS = true, _JAVA_OPTIONS = true }

local NAMES = [=[/=[[:space:]]*(''|"")?[[:space:]]*$/d; s/^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=.*/\1/p]=]
local GIT_ROOT = [=[s/^[[:space:]]*APPSMITH_GIT_ROOT=["']?([^"'[:space:]]+).*/\1/p]=]

local function lines_of(app, script)
  local found = {}
  for line in process.read({ "sed", "-nE", script, app.docker_env }).out:gmatch "[^\n]+" do found[#found + 1] = line end
  return found
end

--- How often docker.env gives each name a value.
---@return table<string, integer>
function settings.count(app)
  local count = {}
  for _, name in ipairs(lines_of(app, NAMES)) do count[name] = (count[name] or 0) + 1 end
  return count
end

--- Does the compose file give it to the container, where it counts before docker.env?
local function is_given(app, name)
  for _, given in ipairs(app.settings) do
    if given == name then return true end
  end
  return false
end

playbook.check {
  name = "both_keys_are_set",
  title = "encryption password and salt are set, once, in docker.env",
  run = function(app)
    local count, problems = settings.count(app), {}
    for _, name in ipairs(KEYS) do
      if is_given(app, name) then problems[#problems + 1] = "the compose file gives another " .. name .. " to the container, which counts before docker.env" end
      if not count[name] then problems[#problems + 1] = app.docker_env .. " does not set " .. name end
      if (count[name] or 0) > 1 then problems[#problems + 1] = app.docker_env .. " sets " .. name .. " " .. count[name] .. " times, of which the last counts" end
    end
    return problems, "without both nothing that is stored encrypted can be read: they must travel with the data"
  end,
}

--- 2.5.1 reads docker.env as data and does not start where a line is none; options of Java in it count for nothing from then on.
playbook.check {
  name = "docker_env_is_data",
  title = "the release can read docker.env",
  run = function(app, target)
    if version.compare(target, "2.5.1") < 0 then return true end
    local problems, count = {}, settings.count(app)
    local read, why = pcall(secret.exists, secret.docker_env(app.docker_env, KEYS[1]))
    if not read then problems[1] = type(why) == "table" and why.message or tostring(why) end
    for name in pairs(count) do
      if JVM_OPTIONS[name] then problems[#problems + 1] = app.docker_env .. " sets " .. name .. ", which counts for nothing there from 2.5.1 on" end
    end
    return problems, "mend the line; options of Java go under environment: of the compose file"
  end,
}

--- The variable by which an operator had the server pass over a checkpoint that was not done: meant for one start, it would pass over the next one too.
playbook.check {
  name = "no_checkpoint_is_passed_over",
  title = "no checkpoint is passed over",
  run = function(app)
    local name, problems = "APPSMITH_CHECKPOINT_OVERRIDE", {}
    if settings.count(app)[name] then problems[1] = app.docker_env .. " sets " .. name end
    if is_given(app, name) then problems[#problems + 1] = "the compose file gives " .. name .. " to the container" end
    return problems, "take it out: it was meant for one start, and what it passed over is not done"
  end,
}

--- Git repositories that lie elsewhere are in no backup of the stacks, and the vendor's restore would not bring them back either.
playbook.check {
  name = "git_storage_is_saved",
  title = "git repositories are in the backup",
  override = false,
  run = function(app)
    local name = "APPSMITH_GIT_ROOT"
    if is_given(app, name) then return false, "the compose file gives " .. name .. " to the container", "write it into docker.env instead, so that it can be read" end
    local roots = lines_of(app, GIT_ROOT)
    local root = roots[#roots]
    return not root or root:find "^/appsmith%-stacks/" ~= nil, app.docker_env .. " puts the git repositories into " .. tostring(root) .. ", outside of the stacks",
      "move them below /appsmith-stacks, for the backup is that folder"
  end,
}

--- Names alone: what both set otherwise. The container's own environment counts before docker.env, so that an edit there does nothing.
local DRIFT = [=[settings=$(cat)
env | grep -oE '^(APPSMITH|MONGO)_[A-Za-z0-9_]+' | sort -u | while read -r name; do
  line=$(printf '%s\n' "$settings" | grep -E "^[[:space:]]*$name=" | tail -n 1) || continue
  value=$(printf %s "${line#*=}" | sed "s/^'\(.*\)'$/\1/; s/^\"\(.*\)\"$/\1/")
  if [ "$value" != "$(printenv "$name")" ]; then echo "$name"; fi
done]=]

playbook.check {
  name = "settings_agree",
  title = "docker.env says what the container is given",
  while_up = true,
  run = function(app)
    local found, problems = compose.read(app.project, app.service, { "sh", "-c", DRIFT }, { input = secret.file(app.docker_env) }), {}
    for name in found.out:gmatch "[^\n]+" do problems[#problems + 1] = name .. " is another one in " .. app.docker_env .. " than in the container, which counts" end
    return problems, "make them equal, or take them out of the compose file, and start it again"
  end,
}

return settings
