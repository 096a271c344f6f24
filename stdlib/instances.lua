-- What families do with an instance that they have read. `local instances = require "instances"`.
local instances = {}

--- The same instance with some fields changed; the one that is given stays as it is.
---@param app table
---@param changes table
---@return table
function instances.with(app, changes)
  local other = {}
  for key, value in pairs(app) do other[key] = value end
  for key, value in pairs(changes) do other[key] = value end
  return other
end

return instances
