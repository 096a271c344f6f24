-- The two ways back to an older release of Appstrate, and which of them is proved to end there. It knows no migrations down: an older image over newer tables
-- starts, says that it is well, and answers 500 at some of its addresses. So it goes back alone only where the database holds just its own migrations.
local instance, journals, sets = require "appstrate.instance", require "appstrate.journals", require "sets"

local ways = {}

--- Why the database is not in the state of the release; nil where it is.
local function differs(rows, release, journal)
  if not journal then return "the migrations of " .. release .. " are not known" end
  local missing = journals.missing(rows, journal)
  if missing.count > 0 then return missing.text .. " of " .. release .. " never ran on this database" end
  if journals.watermark(rows) > journals.watermark(journal) then
    return "the database holds migrations that " .. release .. " does not have: its image alone would start, say that it is well, and answer 500 at some addresses"
  end
  if not journals.ends_in(rows, journal) then return "the newest migration of the database is none of " .. release end
end

--- { kind = "image" | "restore" | nil, why, set? }. Its image is here.
---@param app table
---@param target table release that is gone back to
---@param given { set?: string, identity?: string } a backup set that is named, and what opens it
function ways.choose(app, target, given)
  local function find_set() return sets.of_release(app, target.version, given.set, given.identity) end
  if given.set then return { kind = "restore", set = find_set(), why = "the set was named" } end
  local why = differs(instance.migrations(app), target.version, instance.journal(target))
  if not why then return { kind = "image", why = "the database holds exactly the migrations of " .. target.version .. ", so the data stays as it is" } end
  local set = find_set()
  if set then return { kind = "restore", set = set, why = why .. "; so the backup " .. set.name .. " is restored" } end
  return { why = why .. "; and there is no backup set of " .. target.version .. " here" }
end

return ways
