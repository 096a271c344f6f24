-- An Umbraco site in its project folder, read: which release is installed, where its database is and in which states, how it is run. Changes nothing.
local playbook, instances = require "playbook", require "instances"
local configuration, database, published, states = require "umbraco.configuration", require "umbraco.database", require "umbraco.published", require "umbraco.states"
local container = require "umbraco.container"

local instance = {}

local LOCK_FILE = "packages.lock.json"

-- Packages that must have the release of Umbraco.Cms when a project names them.
local SIBLINGS = {
  "Umbraco.Cms.Core", "Umbraco.Cms.Infrastructure", "Umbraco.Cms.Web.Common", "Umbraco.Cms.Web.Website", "Umbraco.Cms.Web.BackOffice", "Umbraco.Cms.Api.Common",
  "Umbraco.Cms.Api.Delivery", "Umbraco.Cms.Api.Management", "Umbraco.Cms.Persistence.Sqlite", "Umbraco.Cms.Persistence.SqlServer", "Umbraco.Cms.Persistence.EFCore",
  "Umbraco.Cms.Persistence.EFCore.Sqlite", "Umbraco.Cms.Persistence.EFCore.SqlServer", "Umbraco.Cms.Imaging.ImageSharp", "Umbraco.Cms.Imaging.ImageSharp2",
  "Umbraco.Cms.StaticAssets", "Umbraco.Cms.Targets", "Umbraco.Cms.Examine.Lucene", "Umbraco.Cms.PublishedCache.NuCache", "Umbraco.Cms.PublishedCache.HybridCache",
  "Umbraco.Cms.DevelopmentMode.Backoffice",
}

-- Packages by which a site keeps its media in a store elsewhere.
local MEDIA_STORES = { "Umbraco.StorageProviders.AzureBlob", "Our.Umbraco.StorageProviders.AWSS3", "Umbraco.Storage.S3" }

-- .NET by major release (documentation, upgrade-details).
local FRAMEWORKS = {
  ["9"] = "net5.0", ["10"] = "net6.0", ["11"] = "net7.0", ["12"] = "net7.0", ["13"] = "net8.0", ["14"] = "net8.0", ["15"] = "net9.0", ["16"] = "net9.0",
  ["17"] = "net10.0", ["18"] = "net10.0",
}

local function project_files()
  local found = {}
  for _, entry in ipairs(file.list()) do
    local is_project = entry.kind == "file" and entry.name:find "%.csproj$"
    if is_project and file.read(entry.name):find "Umbraco%.Cms" then found[#found + 1] = entry.name end
  end
  return found
end

--- Is there an Umbraco site? Looks at files alone.
function instance.is_here() return #project_files() > 0 or published.program "." ~= nil end

--- The .csproj; or the .deps.json of a published folder, and true.
local function only_project()
  local found = project_files()
  if #found == 1 then return found[1] end
  if #found > 1 then
    local names = table.concat(found, ", ")
    error { code = "unsupported", message = "there are " .. #found .. " projects with Umbraco.Cms here: " .. names, hint = "name the folder of one with -C DIR" }
  end
  local program = published.program "."
  if program then return program, true end
  error { code = "instance.missing", message = "there is no project with Umbraco.Cms here, nor a published one", hint = "name its folder with -C DIR" }
end

--- Every file that may name a package's version, with the packages of Umbraco CMS that it names: { file, package, version }. And what the lock file, which
--- the build writes anew, has of them.
local function references(project, is_published)
  local packages, found, locks = { "Umbraco.Cms", unpack(SIBLINGS) }, {}, {}
  if is_published then return published.references(".", project, packages) end
  for _, path in ipairs { project, "Directory.Packages.props", "Directory.Build.props" } do
    if file.exists(path) then
      for _, package in ipairs(packages) do
        local version = csproj.get(path, { package = package })
        if version then found[#found + 1] = { file = path, package = package, version = version } end
      end
    end
  end
  if file.exists(LOCK_FILE) then
    for _, locked in pairs(json.parse(file.read(LOCK_FILE, { limit = 64 * 1024 * 1024 })).dependencies or {}) do
      for _, package in ipairs(packages) do
        if locked[package] then locks[#locks + 1] = { file = LOCK_FILE, package = package, version = locked[package].resolved } end
      end
    end
  end
  return found, locks
end

local function version_in(found)
  for _, reference in ipairs(found) do
    if reference.package == "Umbraco.Cms" then return reference.version end
  end
end

--- Its project file and release, also where its database is of a kind that is not worked on.
function instance.project()
  local project, is_published = only_project()
  return project, version_in(references(project, is_published)) or "not named"
end

--- The rows of umbracoKeyValue that are about states: { core, pre?, lock?, packages = { name -> state } }.
function instance.rows(db)
  local rows = { packages = {} }
  for _, row in ipairs(database.query(db, "select [key] as name, [value] as value from umbracoKeyValue where [key] like 'Umbraco.Core.Upgrader.%'")) do
    if row.name == states.CORE then
      rows.core = row.value
    elseif row.name == states.PRE then
      rows.pre = row.value
    elseif row.name == states.LOCK then
      rows.lock = row.value
    elseif row.name:sub(1, #states.PREFIX) == states.PREFIX then
      rows.packages[row.name:sub(#states.PREFIX + 1)] = row.value
    end
  end
  return rows
end

--- What each kind of property editor has, which an upgrade must not lose: { editor -> { values, characters } }. Nothing where the table is not there.
function instance.content(db)
  local found = {}
  if not database.has_table(db, "umbracoPropertyData") then return found end
  local sql = [[select t.propertyEditorAlias as editor, count(*) as [count], sum(]] .. database.length(db, "d.textValue") .. [[) as characters
    from umbracoPropertyData d join cmsPropertyType p on p.id = d.propertyTypeId join umbracoDataType t on t.nodeId = p.dataTypeId
    group by t.propertyEditorAlias]]
  for _, row in ipairs(database.query(db, sql)) do found[row.editor] = { values = row.count, characters = row.characters or 0 } end
  return found
end

--- What has changed since, in words: an editor's values may be rewritten by migrations, and what is much shorter than it was should be looked at.
function instance.content_changes(db, before)
  local now, lines = instance.content(db), {}
  for editor, was in pairs(before) do
    local is = now[editor] or { values = 0, characters = 0 }
    if is.values ~= was.values or is.characters ~= was.characters then
      lines[#lines + 1] = ("%s: %d values with %d characters of text, was %d with %d"):format(editor, is.values, is.characters, was.values, was.characters)
    end
  end
  return lines
end

--- What a database has less of than was counted, in words, and what to do; nil where it has all.
function instance.lost_content(db, before)
  local now, problems = instance.content(db), {}
  for editor, was in pairs(before) do
    local left = now[editor] and now[editor].values or 0
    if left < was.values then problems[#problems + 1] = editor .. " had " .. was.values .. " values and has " .. left end
  end
  local hint = "look at the content; where an editor was replaced by another as it should be, accept it with --accept content"
  return problems[1] and table.concat(problems, "; ") or nil, hint
end

--- The package by which it keeps its media elsewhere; nil where it does not.
function instance.media_store(app)
  for _, package in ipairs(app.published and {} or MEDIA_STORES) do
    if csproj.get(app.project, { package = package }) then return package end
  end
end

--- What changes in its MSBuild files with the release: every package of Umbraco CMS that the project names, and its .NET.
---@return { file: string, value: string, package?: string, property?: string }[]
function instance.edits(app, release)
  local edits, framework = {}, instance.framework(release)
  if app.published then return edits end
  for i, reference in ipairs(app.references) do edits[i] = { file = reference.file, package = reference.package, value = release } end
  if framework and app.framework then edits[#edits + 1] = { file = app.project, property = "TargetFramework", value = framework } end
  return edits
end

local function major(version) return version:match "^%d+" end
function instance.framework(version) return FRAMEWORKS[major(version)] end

--- A path below the content root of the project.
function instance.below_root(app, path) return (app.root == "." and "" or app.root .. "/") .. path end

--- Where the site that runs keeps that; nil where it lies in its container, with which it goes.
function instance.kept(app, path)
  if app.container then return container.outside(app.container, path) end
  return instance.below_root(app, path)
end

-- What a site keeps beside its database: what editors and packages write, and what the backoffice edits.
local FOLDERS = { "wwwroot/media", "umbraco/Licenses", "umbraco/models", "Views", "App_Plugins", "wwwroot/css", "wwwroot/scripts", "uSync" }

local function state_of(app)
  local optional = { "Directory.Packages.props", "Directory.Build.props", LOCK_FILE, "global.json", "nuget.config", configuration.FILE }
  if not app.states_file:find "^/" then optional[#optional + 1] = app.states_file end
  for _, path in ipairs(app.variables) do
    local others = path:find "^/" or path:find "#" -- a unit is the machine's, not the site's; compose files are a source of their own
    if not others then optional[#optional + 1] = path end
  end
  for _, name in ipairs { "appsettings.json", "appsettings." .. app.environment .. ".json" } do optional[#optional + 1] = instance.below_root(app, name) end
  local program, folders = {}, {}
  if app.published then program, folders = published.state(app) end
  local named = { [app.project] = true }
  for _, path in ipairs(optional) do named[path] = true end
  for _, path in ipairs(program) do
    if not named[path] then optional[#optional + 1] = path end
  end
  local state = { database.source(app.database, app.sql_folder), { type = "files", paths = { app.project }, optional = optional } }
  for _, path in ipairs(app.container and {} or FOLDERS) do
    local folder = instance.below_root(app, path)
    local is_program = app.published and path ~= "wwwroot/media" and path ~= "umbraco/Licenses"
    if not is_program and file.exists(folder) then state[#state + 1] = { type = "directory", path = folder, name = path:match "[^/]*$" } end
  end
  local database_inside = app.container and database.is_file(app.database) and app.database_inside
  for _, source in ipairs(app.container and container.state(app.container, database_inside) or {}) do state[#state + 1] = source end
  if app.key_ring then state[#state + 1] = { type = "directory", path = app.key_ring } end
  if app.output and file.exists(app.output) then state[#state + 1] = { type = "directory", path = app.output } end
  for _, source in ipairs(folders) do state[#state + 1] = source end
  return state
end

--- The key by which addresses of images are signed. Nothing is stored under it: its fingerprint tells whether it is still the same.
local function keyrings(app)
  local key = configuration.secret(app, "Umbraco:CMS:Imaging:HMACSecretKey")
  return secret.exists(key) and { { scheme = "umbraco", keys = { hmac = key } } } or nil
end

--- The command that starts the site in the foreground: as the operator says, or the program that the build makes.
local function command_of(app, told)
  local name = app.project:gsub("%.csproj$", ""):gsub("%.deps%.json$", "") .. ".dll"
  local program = app.published and name or app.output and app.output .. "/" .. name
  return told.run or program and file.exists(program) and { "dotnet", program } or nil
end

--- Reads the instance and makes it known to the run.
function instance.inspect()
  local told, project, is_published = configuration.told(), only_project()
  local app = {
    type = "umbraco.instance",
    module = "umbraco",
    title = "Umbraco",
    project = project,
    published = is_published,
    root = told.root or ".",
    service = told.service,
    url = told.url,
    probe = told.url and told.url .. "/",
    container = told.service and told.service.compose and container.described(told.service) or nil,
    build = told.build,
    output = told.output,
    key_ring = told.key_ring,
  }
  app.references, app.locked = references(project, is_published)
  app.variables = configuration.variables(told, app.container)
  app.build = app.build or app.container and container.build_command(app.container)
  app.environment = told.environment or configuration.get(app, "ASPNETCORE_ENVIRONMENT") or "Production"
  app.run = command_of(app, told)
  app.endpoints = { http = configuration.get(app, "Kestrel:Endpoints:Http:Url"), https = configuration.get(app, "Kestrel:Endpoints:Https:Url") }
  app.version = version_in(app.references)
  if not app.version then error { code = "unsupported", message = project .. " and Directory.Packages.props name no version of Umbraco.Cms" } end
  app.framework = not is_published and csproj.get(project, { property = "TargetFramework" }) or nil
  app.states_file = configuration.states_file(told)
  states.extend(configuration.own_releases(told), app.states_file)
  configuration.refuse_others(app)
  app.database, app.database_inside = configuration.database(app, told)
  if app.output and database.is_file(app.database) and (app.database .. "/"):sub(1, #app.output + 1) == app.output .. "/" then
    local hint = "let the build write to a folder of its own: the database must not be replaced with it"
    error { code = "unsupported", message = "the database " .. app.database .. " lies in the output of the build, " .. app.output, hint = hint }
  end
  app.states = instance.rows(app.database)
  app.keyrings = keyrings(app)
  app.ring = app.key_ring and keys.ring(app.key_ring) or nil
  app.sql_folder = told.sqlserver and told.sqlserver.folder
  app.state = state_of(app)
  playbook.instance(app)
  return app
end

--- A published site with the folder that brings another release of its program.
function instance.with_program(app, from)
  if not app.published then
    if from then error { code = "argument.invalid", message = "--published is for a published folder, and " .. app.project .. " is built here" } end
    return app
  end
  if not from then return app end
  local other = instances.with(app, { from = from })
  other.state = state_of(other)
  return other
end

--- What the folder that was given brings: its release, and whether it is the same program.
function instance.program_in(app)
  local program = published.program(app.from)
  return program, program and version_in(published.references(app.from, program, { "Umbraco.Cms" }))
end

--- Room for two backups, a copy of the site that is built and booted, and the database that a restore puts beside the failed one.
function instance.space_needed(app)
  local tree = process.read { "du", "-s", "-B1", "--exclude=.playbook", "--exclude=media", "." }
  return 5 * database.bytes(app.database) + 2 * tonumber(tree.out:match "^%d+") + 64 * 1024 * 1024
end

-- Templates of the lines that say that an upgrade failed, as Serilog writes them.
local BAD = { "failed at step", "Database configuration failed", "Unattended upgrade failed", "Premigration upgrade failed", "Boot failed" }

--- The first line in those logs that tells of a failed migration, behind the sizes that they had before; nil where there is none.
function instance.failure_in(logs, before)
  for _, log in ipairs(logs) do
    local text = file.read(log.path, { limit = 256 * 1024 * 1024 }):sub((before[log.path] or 0) + 1)
    for line in text:gmatch "[^\n]+" do
      for _, bad in ipairs(BAD) do
        if line:find(bad, 1, true) then return log.path:match "[^/]*$" .. " says: " .. line:sub(1, 300) end
      end
    end
  end
end

--- The log files of the site.
function instance.logs(app)
  local folder, found = instance.kept(app, "umbraco/Logs"), {}
  if not folder or not file.exists(folder) then return found end
  for _, entry in ipairs(file.list { path = folder }) do
    if entry.name:find "^UmbracoTraceLog%..*%.json$" then found[#found + 1] = { path = folder .. "/" .. entry.name, size = entry.size } end
  end
  return found
end

return instance
