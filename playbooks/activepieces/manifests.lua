-- The migrations of Activepieces' releases, as lists of names, and what its own rollback command would make of them.
--
-- An image holds the names of its migrations in the order of its code (migration-manifest.json). A database holds those that ran, in the order in which
-- they ran: by time within each upgrade, one upgrade after the other. The command undoes candidates in reversed order of the code and demands that they are
-- the newest rows; where the orders differ it stops, and has migrated the database up before that. So its end can be known beforehand.
local playbook = require "playbook"
local data = playbook.data "activepieces/data/migrations.json"

local manifests = {}

local PATH = "/usr/src/app/packages/server/api/dist/src/migration-manifest.json"

local known, unnamed = {}, {}
for _, migration in ipairs(data.migrations) do
  known[migration.name] = migration
  if migration.unnamed then unnamed[#unnamed + 1] = migration.name end
end

local function set_of(list)
  local set = {}
  for _, name in ipairs(list) do set[name] = true end
  return set
end

--- Those of `list` that are not in `other`, in its order.
local function without(list, other)
  local set, rest = set_of(other), {}
  for _, name in ipairs(list) do
    if not set[name] then rest[#rest + 1] = name end
  end
  return rest
end

local function joined(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, name in ipairs(list) do all[#all + 1] = name end
  end
  return all
end

--- For people: "3 migrations (A, B, C)".
local function told(list)
  local shown = {}
  for i = 1, math.min(#list, 3) do shown[i] = list[i] end
  return #list .. (#list == 1 and " migration (" or " migrations (") .. table.concat(shown, ", ") .. (#list > 3 and ", ..." or "") .. ")"
end
manifests.told = told

--- The text of a manifest: names in its order. Classes without a name stand in it as null; their rows have the names of the classes, which are known for
--- the twelve old ones that were met. Another number of them is an error: then nobody can say what the database should hold.
---@param text string
---@return string[]
function manifests.parse(text)
  local names, nulls = {}, 0
  for _, name in ipairs(json.parse(text)) do
    if name == null then
      nulls = nulls + 1
      names[#names + 1] = unnamed[nulls]
    else
      names[#names + 1] = name
    end
  end
  if nulls ~= 0 and nulls ~= #unnamed then
    error {
      code = "unsupported",
      message = "the image's list of migrations has " .. nulls .. " without a name, expected " .. #unnamed,
      hint = "this playbook does not know this release; take a newer playbook",
    }
  end
  return names
end

--- The names of an image's migrations; the image is here.
function manifests.of_image(ref) return manifests.parse(image.read(ref, PATH)) end

--- The names of a release that this playbook knows, or nil.
function manifests.of(release)
  if release ~= "0.82.1" and release ~= "0.83.0" then return nil end
  local names = {}
  for _, migration in ipairs(data.migrations) do
    if release == "0.83.0" or not migration.from then names[#names + 1] = migration.name end
  end
  return names
end

--- Names in the database, oldest first.
function manifests.rows(database)
  local names = {}
  if not postgres.query(database, "select to_regclass('public.migrations') is not null as yes")[1].yes then return names end
  for i, row in ipairs(postgres.query(database, "select name from public.migrations order by id")) do names[i] = row.name end
  return names
end

--- Is the database in the state of exactly these migrations? { equal, missing, unknown, text }.
function manifests.compare(rows, names)
  local missing, unknown = without(names, rows), without(rows, names)
  local texts = {}
  if #missing > 0 then texts[1] = told(missing) .. " did not run" end
  if #unknown > 0 then texts[#texts + 1] = told(unknown) .. " are not of it" end
  return { equal = #texts == 0, missing = missing, unknown = unknown, text = table.concat(texts, "; ") }
end

--- Same migrations in both images, whatever their order?
function manifests.same(a, b) return #without(a, b) == 0 and #without(b, a) == 0 end

--- What `npm run rollback -- --manifest OLDER`, run from the image with the names `newer`, would do to a database with these rows:
--- { ok, why, undone }. `ok` only where it is certain to end with exactly the migrations of `older`.
---@param newer string[]
---@param older string[]
---@param rows string[]
function manifests.predict(newer, older, rows)
  local function no(why) return { ok = false, why = why, undone = {} } end

  local strangers, absent = without(rows, newer), without(older, rows)
  if #strangers > 0 then return no("the database holds " .. told(strangers) .. " that the newer release does not know") end
  if #absent > 0 then return no(told(absent) .. " of the older release never ran") end

  -- It migrates up first, by time, and then undoes in reversed order of the code.
  local pending = without(newer, rows)
  table.sort(pending, function(a, b) return a:sub(-13) < b:sub(-13) end)
  local after = joined(rows, pending)
  local candidates, undone = without(newer, older), {}
  for i = #candidates, 1, -1 do undone[#undone + 1] = candidates[i] end

  for i, name in ipairs(undone) do
    local newest = after[#after - i + 1]
    if newest ~= name then
      return no(("the vendor's command would stop with \"Migration order mismatch\" at %s, where the database has %s, and leave it migrated up"):format(name, newest))
    end
  end
  for _, name in ipairs(undone) do
    if not known[name] then return no("nothing is known of migration " .. name .. ", so nobody can say whether it can be undone") end
    if known[name].outside then return no("migration " .. name .. " is undone outside of a transaction, in which the vendor's command fails half-way") end
  end
  return { ok = true, why = "the vendor's command will undo " .. told(undone), undone = undone }
end

--- The list that the command wants: names without those that have none in its own.
function manifests.argument(names)
  local named = {}
  for _, name in ipairs(names) do
    if not (known[name] and known[name].unnamed) then named[#named + 1] = name end
  end
  return json.encode(named)
end

return manifests
