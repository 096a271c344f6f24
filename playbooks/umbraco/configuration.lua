-- What an Umbraco site is told: by its operator in playbook.json, by its appsettings files, and by the variables of its service, which win over those.
-- How a site is built and started cannot be read off its folder: the operator says it once, in playbook.json beside the project:
--
--     { "service": { "systemd": "site.service" },            or { "start": ["./ctl", "start"], "stop": [...], "status": [...] }, or, for a site in a container
--                                                              that is built from a Dockerfile, { "compose": "site", "project": ".." }: the service's name, and the
--                                                              folder of its compose file (also "files", "name", and "content_root", /app, in the container)
--       "url": "http://127.0.0.1:5000",
--       "build": ["dotnet", "publish", "-c", "Release", "-o", "out"],     for a container `docker compose build`, unless another command stands here
--       "output": "out",                                      what the build makes; backed up, so that going back needs no build
--       "run": ["dotnet", "out/Site.dll"],                    starts the site in the foreground: a new build is tried so, on a copy
--       "root": ".",                                          the content root, where the site finds umbraco/ and appsettings.json
--       "environment": "Production",
--       "env_files": ["site.env"],                            that set variables for it; those of a systemd unit are found
--       "key_ring": "/var/lib/site/DataProtection-Keys",      where it keeps the keys of its sessions; backed up, and proved to be whole
--       "sqlserver": { "service": "umb_database", "project": ".", "folder": "/var/opt/mssql/backup" },   where it runs in compose, and may write; of a
--                                                              site in the same project the service is known by the connection string
--       "states": "umbraco-states.json" }                     the file of states of releases that the table does not know: a trial writes what it learns to it, and
--                                                              you may; { "releases": { "17.6.0": { "core": "{...}", "pre": "{...}" } } }
local container = require "umbraco.container"

local configuration = {}

configuration.FILE = "playbook.json"

local DSN = "ConnectionStrings:umbracoDbDSN"

local KNOWN = {
  service = true, url = true, build = true, output = true, run = true, root = true, environment = true, env_files = true, key_ring = true, states = true,
  sqlserver = true,
}

--- What playbook.json says; nothing where there is none.
function configuration.told()
  if not file.exists(configuration.FILE) then return {} end
  local told = json.parse(file.read(configuration.FILE))
  for name in pairs(told) do
    if not KNOWN[name] then
      error { code = "argument.invalid", message = ('%s: "%s" is not known'):format(configuration.FILE, name), hint = "see `playbook doc umbraco/upgrade`" }
    end
  end
  local service = told.service
  if service and service.start and not service.name then service.name = "umbraco" end
  return told
end

--- The file in which an operator, or a trial, says in which states releases end that the table does not know.
function configuration.states_file(told) return told.states or "umbraco-states.json" end

--- What that file says, by release.
function configuration.own_releases(told)
  local path = configuration.states_file(told)
  return file.exists(path) and json.parse(file.read(path)).releases or {}
end

--- The files that set variables for it: the unit with its drop-ins or the compose files, and those that playbook.json names.
function configuration.variables(told, found)
  local files = { unpack(found and found.variables or {}) }
  if told.service and told.service.systemd then
    local show = process.read { "systemctl", "show", "--property=FragmentPath,DropInPaths", "--", told.service.systemd }
    for value in show.out:gmatch "Paths?=([^\n]*)" do
      for path in value:gmatch "%S+" do files[#files + 1] = path end
    end
  end
  for _, path in ipairs(told.env_files or {}) do files[#files + 1] = path end
  return files
end

--- A setting as the site sees it, or nil; the password of a connection string is not in it.
function configuration.get(app, name)
  local found = appsettings.get(app.root, name, { environment = app.environment, over = app.variables })
  return found and found.value
end

--- Is a switch set to true?
function configuration.is_on(app, name)
  local value = configuration.get(app, name)
  return value ~= nil and value:lower() == "true"
end

--- A setting that is a secret, as a reference; `part` of it where it is a connection string.
function configuration.secret(app, name, part)
  return secret.appsettings(app.root, name, { environment = app.environment, over = app.variables, part = part })
end

local function unsupported(message, hint) error { code = "unsupported", message = message, hint = hint } end

--- Refuses by name where somebody else than what is read here may decide.
function configuration.refuse_others(app)
  local web = app.root .. "/web.config"
  if not app.service and file.exists(web) and file.read(web):find "aspNetCore" then
    local hint = "nothing here can stop and start a site under IIS; where another service runs it, name that in playbook.json"
    unsupported("IIS serves it, says " .. web, hint)
  end
  if app.environment == "Development" and not app.published and csproj.get(app.project, { property = "UserSecretsId" }) then
    unsupported(app.project .. " has user secrets, which win over appsettings in Development, and are not read",
      "run it as Production, or put what they set into appsettings.Development.json")
  end
end

-- The value of the first of some names in a connection string, whose names do not tell upper from lower case.
local function part_of(connection, names)
  for _, wanted in ipairs(names) do
    for name, value in connection:gmatch "%s*([^=;]+)=([^;]*)" do
      if name:lower():gsub("%s+$", "") == wanted then return value:match "^%s*(.-)%s*$" end
    end
  end
end

--- A SQL Server that BACKUP can be asked of from here: on this machine, in the service that playbook.json names, or in one of the site's own project.
local function sql_server(app, connection, given)
  local host = part_of(connection, { "server", "data source", "address", "addr", "network address" }) or ""
  local machine, told = host:lower():gsub("^tcp:", ""):gsub(",1433$", ""), given
  local here = not app.container and ({ ["localhost"] = true, ["."] = true, ["(local)"] = true, ["127.0.0.1"] = true })[machine]
  if app.container and not given.service and app.container.services[machine] then told = { service = machine } end
  local name, user = part_of(connection, { "database", "initial catalog" }), part_of(connection, { "user id", "uid", "user" })
  if not name or not user then unsupported("the connection string names no database or no user: " .. connection, "logins of Windows are not worked with") end
  if not here and not told.service then
    unsupported("its SQL Server is " .. host .. ", and a backup of it is written on that machine",
      'where it is a service of a compose project here, name it: "sqlserver": { "service": "..." } in playbook.json')
  end
  return {
    database = name,
    user = user,
    password = configuration.secret(app, DSN, "password"),
    service = told.service,
    project = told.service and (given.service and { folder = told.project or "." } or app.container.project) or nil,
  }
end

--- What of its connection to SQL Server will fail or be cut off in an upgrade, in words.
function configuration.connection_problems(app)
  local connection, problems = configuration.get(app, DSN), {}
  local trusts = part_of(connection, { "trustservercertificate", "trust server certificate" }) or ""
  local encrypts = part_of(connection, { "encrypt" }) or ""
  if trusts:lower() ~= "true" and encrypts:lower() ~= "false" then problems[1] = "the connection string has no TrustServerCertificate=True" end
  local seconds = tonumber(part_of(connection, { "connect timeout", "connection timeout", "timeout" }) or "15")
  if not seconds or seconds < 600 then
    problems[#problems + 1] = "Connect Timeout is " .. tostring(seconds) .. " seconds, which is that of a migration's statements too"
  end
  return problems
end

--- Its database, as database.lua takes it: the file of SQLite, with its path in the container where it is in one; or a SQL Server. Others are refused by name.
function configuration.database(app, told)
  local connection, provider = configuration.get(app, DSN), configuration.get(app, DSN .. "_ProviderName") or "Microsoft.Data.SqlClient"
  if not connection then
    unsupported("no appsettings file in " .. app.root .. " and no variable of its service sets " .. DSN, 'name the file that sets it under "env_files" in playbook.json')
  end
  local lower = connection:lower()
  if lower:find "localdb" then unsupported("its database is LocalDB (" .. provider .. ")", "LocalDB is there on Windows alone: move the data to SQLite first") end
  if lower:find "%.sdf" or provider:lower():find "sqlserverce" then
    unsupported("its database is SQL Server Compact (" .. provider .. ")", "10 and later have no driver for it: move the data to SQLite or SQL Server first")
  end
  if lower:find("database.windows.net", 1, true) then
    unsupported("its database is Azure SQL (" .. provider .. ")", "it has no BACKUP: go back by its point-in-time restore, by hand")
  end
  if not provider:lower():find "sqlite" then return sql_server(app, connection, told.sqlserver or {}) end
  local source = part_of(connection, { "data source", "filename" })
  if not source then unsupported("the connection string names no Data Source: " .. connection) end
  if not app.container then return (source:gsub("^|DataDirectory|", app.root .. "/umbraco/Data"):gsub("^%./", "")) end
  local path = source:gsub("^|DataDirectory|", "umbraco/Data"):gsub("^%./", "")
  local outside = container.outside(app.container, path)
  if not outside or not file.exists(outside) then
    local where = container.inside(app.container, path) .. " in service " .. app.container.service
    unsupported("its database, " .. where .. ", is in no folder and no volume that can be seen here",
      "mount its folder, or it goes away with the container; what lies in a volume only root can see")
  end
  return outside, container.inside(app.container, path)
end

return configuration
