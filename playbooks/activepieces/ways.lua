-- The three ways back to an older release of Activepieces, and which of them is proved to end there.
local instance, manifests, composed = require "activepieces.instance", require "activepieces.manifests", require "composed"

local ways = {}

-- The vendor's command takes a list of migrations since this release; what it has before takes release tags, which are wrong.
local HAS_MANIFEST_OPTION = "0.82.1"

--- The newest whole set of this release, or the one that is named.
local function find_set(release, named)
  if named then return backup.verify(named) end
  local newest
  for _, set in ipairs(backup.list()) do
    if not set.problem and set.application == "activepieces" and composed.bare(set.version) == release then newest = set end
  end
  return newest
end

--- { kind = "image" | "command" | "restore" | nil, why, set? }; `why` says for each way that was left why it was. Both images are here.
---@param app table
---@param target table release that is gone back to
---@param named? string a backup set
function ways.choose(app, target, named)
  local newer, older = instance.manifest { version = app.version, image = app.image }, instance.manifest(target)
  local rows = manifests.rows(app.database)
  if named then return { kind = "restore", set = find_set(target.version, named), why = "the set was named" } end

  if manifests.same(newer, older) and manifests.compare(rows, older).equal then
    return { kind = "image", why = "both releases have the same migrations, so the data stays as it is" }
  end
  local prediction = manifests.predict(newer, older, rows)
  if version.compare(app.version, HAS_MANIFEST_OPTION) < 0 then
    prediction = { ok = false, why = "the vendor's command of " .. app.version .. " knows no list of migrations" }
  end
  local set = find_set(target.version)
  if prediction.ok then return { kind = "command", why = prediction.why, set = set } end
  if set then return { kind = "restore", set = set, why = prediction.why .. "; so the backup " .. set.name .. " is restored" } end
  return { why = prediction.why .. "; and there is no backup set of " .. target.version .. " here" }
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
