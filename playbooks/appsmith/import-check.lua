-- Exported applications are not backward compatible: one of a newer release is refused by an older instance, after the upload. Asked here beforehand.
local playbook, appsmith = require "playbook", require "appsmith"

local exports = playbook.data "appsmith/data/exports.json"

--- The server schema of an export; of the file nothing else is read, for it may hold secrets.
local function schema_of(path)
  local found = process.read({ "grep", "-oE", "-m1", '"serverSchemaVersion"[[:space:]]*:[[:space:]]*[0-9]+', path }, { ok = { 0, 1 } })
  return tonumber(found.out:match "(%d+)%s*$")
end

--- "older", "same", "newer" or "unknown", and why.
local function compare(schema, release)
  local known = exports.schemas[#exports.schemas]
  if not schema then return "unknown", "the file has no serverSchemaVersion: it is no export of an application" end
  local told = "the export is of server schema " .. schema
  if version.compare(release, known.from) < 0 then
    if schema >= known.schema then return "newer", told .. ", which " .. known.from .. " has begun to write, and " .. release .. " runs here" end
    return "unknown", told .. ", and nothing is known of that of " .. release
  end
  if schema == known.schema then return "same", told .. ", as that of " .. known.from .. " and later" end
  if schema < known.schema then return "older", told .. ", and " .. release .. " reads older ones" end
  if version.compare(release, exports.latest_known) > 0 then return "unknown", told .. ", and nothing is known of that of " .. release end
  return "newer", told .. ", and " .. release .. " writes " .. known.schema
end

return playbook.define {
  name = "appsmith/import-check",
  summary = "Say whether an exported application can be imported into this Appsmith: older, same, newer (refused) or unknown.",
  params = {
    file = { type = "path", required = true, help = "the exported application, JSON" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local app = appsmith.inspect(p)
    local is, why = compare(schema_of(p.file), app.version)
    gates(function()
      gate("the export is not newer than this instance", is ~= "newer", why, "upgrade this instance to the release that exported it, then import")
    end)
    log.info(is .. ": " .. why)
    return { export = is, why = why }
  end,
}
