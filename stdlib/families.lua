-- Which application is here, asked of every family of playbooks that is installed. All of them are loaded, so that they travel with the run.
local playbook = require "playbook"

local families, names = {}, playbook.families()
local loaded = {}
for _, name in ipairs(names) do loaded[name] = require(name) end

--- The family of that name, or nil.
function families.named(name) return loaded[name] end

--- The family that knows what is here, or nil.
function families.found(given)
  for _, name in ipairs(names) do
    if loaded[name].is_here(given.files) then return loaded[name] end
  end
end

--- The module that works on this instance, and the instance as it sees it. `given.files` names compose files where they are not the default ones.
function families.here(given)
  local family = families.found(given)
  if family then
    local app = family.inspect(given)
    return require(app.module), app
  end
  error {
    code = "instance.missing",
    message = "no application that is known is here; looked for " .. table.concat(names, ", "),
    hint = "name its folder with -C DIR, and its compose files with --files where they have other names",
  }
end

return families
