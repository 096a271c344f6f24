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

--- What is wrong with it, a sentence each, by checks that change nothing: { { "pinned", app }, { "healthy", app } }. One that cannot be asked is told, too.
---@param checks table[]
---@return string[]
function instances.warnings(checks)
  local found, told = {}, {}
  for _, check in ipairs(checks) do
    local holds, why = pcall(expect[check[1]], unpack(check, 2))
    local text = not holds and (type(why) == "table" and why.message or tostring(why))
    if text and not told[text] then found[#found + 1] = text end
    if text then told[text] = true end
  end
  return found
end

--- Its backup sets, in a few words: "3, the last 2026-11-21T07:13:49Z of 1.4.0, rehearsed".
function instances.backups()
  local sets = backup.list()
  local last = sets[#sets]
  if not last then return "none" end
  if last.problem then return #sets .. ", the last cannot be used: " .. last.problem end
  local proof = last.rehearsed_at and "rehearsed" or last.verified_at and "verified" or "not verified"
  return ("%d, the last %s of %s, %s"):format(#sets, last.created, last.version or "no known release", proof)
end

--- A PostgreSQL in a few words: "PostgreSQL 15.3, 24 MiB"; what it says where it does not answer.
---@param server table
function instances.postgres(server)
  local sql = "select current_setting('server_version') as version, pg_database_size(current_database()) as bytes"
  local asked, rows = pcall(postgres.query, server, sql)
  if not asked then return "PostgreSQL, which does not answer: " .. (type(rows) == "table" and rows.message or tostring(rows)) end
  return ("PostgreSQL %s, %d MiB"):format(rows[1].version:match "^%S+", math.ceil(rows[1].bytes / 2 ^ 20))
end

return instances
