-- The database of an Umbraco site, asked, changed and backed up: SQLite, named by its file; or SQL Server, named by how its sqlcmd reaches it. Statements are
-- such as both take: names in brackets.
local database = {}

function database.is_file(db) return type(db) == "string" end

--- For people.
function database.told(db)
  if database.is_file(db) then return db end
  return "database " .. db.database .. " of SQL Server " .. (db.service and "in service " .. db.service or "on this machine")
end

function database.query(db, sql)
  if database.is_file(db) then return sqlite.query(db, sql) end
  return sqlserver.query(db, sql)
end

--- Changes rows of umbracoKeyValue, all or none: { key=, from=?, to=? }.
function database.swap(db, rows)
  if database.is_file(db) then return sqlite.swap(db, "umbracoKeyValue", rows) end
  return sqlserver.swap(db, "umbracoKeyValue", rows)
end

function database.has_table(db, name)
  local catalogue = database.is_file(db) and "sqlite_master" or "sys.tables"
  return #database.query(db, "select 1 as yes from " .. catalogue .. " where name = '" .. name .. "'") > 0
end

--- How long the text of a column is, as an expression.
function database.length(db, column) return database.is_file(db) and "length(" .. column .. ")" or "len(" .. column .. ")" end

function database.bytes(db)
  if database.is_file(db) then return sqlite.query(db, "select page_count * page_size as bytes from pragma_page_count, pragma_page_size")[1].bytes end
  return sqlserver.query(db, "select sum(cast(size as bigint)) * 8192 as bytes from sys.database_files")[1].bytes
end

--- What is damaged in it; nil where nothing is known to be. Of SQL Server what the server itself has met; its backup, with checksums, reads every page.
function database.damage(db)
  if database.is_file(db) then
    local found = sqlite.query(db, "pragma integrity_check")[1].integrity_check
    if found ~= "ok" then return found end
    local broken = #sqlite.query(db, "pragma foreign_key_check", { limit = 100000 })
    return broken > 0 and broken .. " rows refer to rows that are not there" or nil
  end
  local state = sqlserver.query(db, "select state_desc as state from sys.databases where name = db_name()")[1].state
  if state ~= "ONLINE" then return "it is " .. state end
  local pages = sqlserver.query(db, "select count(*) as pages from msdb.dbo.suspect_pages where database_id = db_id() and event_type in (1, 2, 3)")[1].pages
  return pages > 0 and "the server has met " .. pages .. " damaged pages" or nil
end

--- For backup.create; `folder` is one in which SQL Server may write.
function database.source(db, folder)
  if database.is_file(db) then return { type = "sqlite", path = db } end
  local server = { project = db.project, service = db.service, password = db.password }
  return { type = "sqlserver", server = server, database = db.database, user = db.user, folder = folder }
end

return database
