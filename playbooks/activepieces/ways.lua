-- The three ways back to an older release of Activepieces, and which of them is proved to end there.
local instance, manifests, sets = require "activepieces.instance", require "activepieces.manifests", require "sets"

local ways = {}

-- The vendor's command takes a list of migrations since this release; what it has before takes release tags, which are wrong.
local HAS_MANIFEST_OPTION = "0.82.1"

--- { kind = "image" | "command" | "restore" | nil, why, set? }; `why` says for each way that was left why it was. Both images are here.
---@param app table
---@param target table release that is gone back to
---@param given { set?: string, identity?: string } a backup set that is named, and what opens it
function ways.choose(app, target, given)
  local function find_set() return sets.of_release(app, target.version, given.set, given.identity) end
  if given.set then return { kind = "restore", set = find_set(), why = "the set was named" } end
  local function only_by_set(why)
    local set = find_set()
    if set then return { kind = "restore", set = set, why = why .. "; so the backup " .. set.name .. " is restored" } end
    return { why = why .. "; and there is no backup set of " .. target.version .. " here" }
  end
  if app.database.pglite then return only_by_set "nobody may ask PGlite which migrations it holds while it runs" end

  local newer, older = instance.manifest { version = app.version, image = app.image }, instance.manifest(target)
  local rows = manifests.rows(app.database)
  if manifests.same(newer, older) and manifests.compare(rows, older).equal then
    return { kind = "image", why = "both releases have the same migrations, so the data stays as it is" }
  end
  if version.compare(app.version, HAS_MANIFEST_OPTION) < 0 then
    return only_by_set("the vendor's command of " .. app.version .. " knows no list of migrations")
  end
  local prediction = manifests.predict(newer, older, rows)
  if not prediction.ok then return only_by_set(prediction.why) end
  return { kind = "command", why = prediction.why, set = find_set() }
end

--- Undoes migrations by the vendor's command, run from the newer image. Its exit status proves nothing: the rows do.
---@return boolean done
function ways.run_command(app, older)
  compose.run(app.project, app.service, { "node", "dist/src/rollback.js", "--manifest", manifests.argument(older) }, {
    folder = "/usr/src/app/packages/server/api",
    ok = { 0, 1 },
    deadline = 1800,
    repeat_safe = true, -- run again it migrates up first, and undoes the same
  })
  return manifests.compare(manifests.rows(app.database), older).equal
end

return ways
