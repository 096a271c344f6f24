-- What an Umbraco site is told: by its operator in playbook.json, by its appsettings files, and by the variables of its service, which win over those.
-- How a site is built and started cannot be read off its folder: the operator says it once, in playbook.json beside the project:
--
--     { "service": { "systemd": "site.service" },            or { "start": ["./ctl", "start"], "stop": [...], "status": [...] }
--       "url": "http://127.0.0.1:5000",
--       "build": ["dotnet", "publish", "-c", "Release", "-o", "out"],
--       "output": "out",                                      what the build makes; backed up, so that going back needs no build
--       "run": ["dotnet", "out/Site.dll"],                    starts the site in the foreground: a new build is tried so, on a copy
--       "root": ".",                                          the content root, where the site finds umbraco/ and appsettings.json
--       "environment": "Production",
--       "env_files": ["site.env"],                            that set variables for it; those of a systemd unit are found
--       "key_ring": "/var/lib/site/DataProtection-Keys",      where it keeps the keys of its sessions; backed up, and proved to be whole
--       "releases": { "17.6.0": { "core": "{...}", "pre": "{...}" } } }   states of releases that the table does not know, as a trial learned them
local configuration = {}

configuration.FILE = "playbook.json"

local KNOWN = {
  service = true, url = true, build = true, output = true, run = true, root = true, environment = true, env_files = true, key_ring = true, releases = true,
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
  if told.service and not told.service.systemd and not told.service.name then told.service.name = "umbraco" end
  return told
end

--- The files that set variables for it: the unit with its drop-ins, and those that playbook.json names.
function configuration.variables(told)
  local files = {}
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

--- A setting that is a secret, as a reference.
function configuration.secret(app, name) return secret.appsettings(app.root, name, { environment = app.environment, over = app.variables }) end

local function unsupported(message, hint) error { code = "unsupported", message = message, hint = hint } end

--- Refuses by name where somebody else than what is read here may decide.
function configuration.refuse_others(app)
  local web = app.root .. "/web.config"
  if not app.service and file.exists(web) and file.read(web):find "aspNetCore" then
    local hint = "nothing here can stop and start a site under IIS; where another service runs it, name that in playbook.json"
    unsupported("IIS serves it, says " .. web, hint)
  end
  if app.environment == "Development" and app.project and csproj.get(app.project, { property = "UserSecretsId" }) then
    unsupported(app.project .. " has user secrets, which win over appsettings in Development, and are not read",
      "run it as Production, or put what they set into appsettings.Development.json")
  end
end

--- The SQLite file of its connection string; other databases are refused by name.
function configuration.database(app)
  local name = "ConnectionStrings:umbracoDbDSN"
  local connection, provider = configuration.get(app, name), configuration.get(app, name .. "_ProviderName") or "Microsoft.Data.SqlClient"
  if not connection then
    unsupported("no appsettings file in " .. app.root .. " and no variable of its service sets " .. name, 'name the file that sets it under "env_files" in playbook.json')
  end
  local lower = connection:lower()
  if lower:find "localdb" then unsupported("its database is LocalDB (" .. provider .. ")", "LocalDB is there on Windows alone: move the data to SQLite first") end
  if lower:find("database.windows.net", 1, true) then
    unsupported("its database is Azure SQL (" .. provider .. ")", "it has no BACKUP: go back by its point-in-time restore, by hand")
  end
  if not provider:lower():find "sqlite" then unsupported("its database is SQL Server (" .. provider .. ")", "only sites on SQLite can be worked on yet") end
  local source = connection:match "[Dd]ata [Ss]ource%s*=%s*([^;]+)"
  if not source then unsupported("the connection string names no Data Source: " .. connection) end
  return (source:gsub("^|DataDirectory|", app.root .. "/umbraco/Data"):gsub("^%./", ""))
end

return configuration
