-- The migration journals of Appstrate's releases, and what its migrator makes of them on PostgreSQL: it runs the entries whose time is later than the
-- newest row of its table, and passes over all others without a word, whether they ever ran or not. A journal is a list of { tag, at, hash? }.
local playbook = require "playbook"
local data = playbook.data "appstrate/data/journals.json"

local journals = {}

local chain_of = {} -- release -> name of its chain
journals.releases = {} --- those that this playbook knows, oldest first
for i, release in ipairs(data.releases) do
  chain_of[release[1]] = release[2]
  journals.releases[i] = release[1]
end

local edited = {} -- tags whose file was changed after its release
for _, tag in ipairs(data.edited) do edited[tag] = true end

local function journal_of(chain)
  local entries = {}
  for i, id in ipairs(data.chains[chain].ids) do
    local migration = data.migrations[id + 1]
    entries[i] = { tag = migration[1], at = migration[2], hash = migration[3] }
  end
  return entries
end

--- The journal of a release that this playbook knows, or nil.
function journals.of(version) return chain_of[version] and journal_of(chain_of[version]) end

--- The newest release that this playbook knows.
function journals.newest() return journals.releases[#journals.releases] end

--- The text of `_journal.json`, as an image holds it.
function journals.parse(text)
  local entries = {}
  for i, entry in ipairs(json.parse(text).entries) do entries[i] = { tag = entry.tag, at = entry.when } end
  return entries
end

--- The latest time in a list, of journal entries or of rows; 0 for an empty one.
function journals.watermark(list)
  local latest = 0
  for _, item in ipairs(list) do latest = math.max(latest, item.at) end
  return latest
end

--- Releases whose database stands where these rows say, first and last: "1.0.0-beta.34 to 1.0.0-beta.39". Nil where no known release's does.
function journals.releases_at(rows)
  local reached, first, last = journals.watermark(rows), nil, nil
  for _, release in ipairs(data.releases) do
    if journals.watermark(journal_of(release[2])) == reached then
      first = first or release[1]
      last = release[1]
    end
  end
  if first == last then return first end
  return first .. " to " .. last
end

--- The entry of a journal that a row records. A file that upstream edited after its release has other hashes too.
local function recorded(row, journal)
  for _, entry in ipairs(journal) do
    if entry.at == row.at and (not entry.hash or entry.hash == row.hash or edited[entry.tag]) then return entry end
  end
end

--- Rows that are of a migration of this journal by its hash, and have another time: { tag, hash, was, at, text }.
function journals.drifted(rows, journal)
  local entry_of, found = {}, {}
  for _, entry in ipairs(journal) do
    if entry.hash then entry_of[entry.hash] = entry end
  end
  for _, row in ipairs(rows) do
    local entry = entry_of[row.hash]
    if entry and entry.at ~= row.at then
      local text = ("the row of %s has the time %d, and its migration has %d"):format(entry.tag, row.at, entry.at)
      found[#found + 1] = { tag = entry.tag, hash = row.hash, was = row.at, at = entry.at, text = text }
    end
  end
  return found
end

--- The rows as they are once each that has drifted has the time of its migration.
function journals.realigned(rows, journal)
  local time_of, all = {}, {}
  for _, row in ipairs(journals.drifted(rows, journal)) do time_of[row.hash] = row.at end
  for i, row in ipairs(rows) do all[i] = { hash = row.hash, at = time_of[row.hash] or row.at } end
  return all
end

--- Does the newest row belong to this journal?
function journals.ends_in(rows, journal)
  local newest = rows[1]
  for _, row in ipairs(rows) do
    if row.at > newest.at then newest = row end
  end
  return recorded(newest, journal) ~= nil
end

local function tags(list)
  local names = {}
  for i, entry in ipairs(list) do names[i] = entry.tag end
  if #names > 4 then names = { names[1], names[2], "...", names[#names] } end
  return table.concat(names, ", ")
end

local function without_row(rows, journal, matters)
  local times, found = {}, {}
  for _, row in ipairs(rows) do times[row.at] = true end
  for _, entry in ipairs(journal) do
    if not times[entry.at] and matters(entry) then found[#found + 1] = entry end
  end
  return { count = #found, text = #found .. (#found == 1 and " migration" or " migrations"), tags = tags(found) }
end

--- Entries that the migrator would pass over for good: { count, text = "2 migrations", tags = "0010_..., 0011_..." }.
function journals.skipped(rows, journal)
  local reached = journals.watermark(rows)
  return without_row(rows, journal, function(entry) return entry.at <= reached end)
end

--- Entries that have no row, in the same form.
function journals.missing(rows, journal)
  return without_row(rows, journal, function() return true end)
end

return journals
