-- A build that is tried before it meets the site: booted on a copy of the site's folder and of its database, until it is ready and has ended its migrations.
-- Booting a new release is never a dry run, for it migrates before it says no; so it does that to the copy. Nothing of the copy remains.
local playbook = require "playbook"
local database, instance, published, states = require "umbraco.database", require "umbraco.instance", require "umbraco.published", require "umbraco.states"
require "checks"

local trial = {}

local DATABASE = "umbraco/Data/trial.sqlite.db"

-- What a copy is told over all that its files say: where its database is, to migrate without a person, and to tell nobody outside.
local VARIABLES = {
  ASPNETCORE_URLS = "http://127.0.0.1:{port}",
  ConnectionStrings__umbracoDbDSN_ProviderName = "Microsoft.Data.Sqlite",
  Umbraco__CMS__Unattended__InstallUnattended = "false",
  Umbraco__CMS__Unattended__UpgradeUnattended = "true",
  Umbraco__CMS__Unattended__PackageMigrationsUnattended = "true",
  Umbraco__CMS__Global__UseHttps = "false",
  Umbraco__CMS__Webhook__Enabled = "false",
  Umbraco__CMS__HealthChecks__Notification__Enabled = "false",
}

--- Why a build of this site cannot be tried on a copy; nil where it can.
function trial.obstacle(app)
  if app.container then return "its site runs in a container, of which no copy is made" end
  if not database.is_file(app.database) then return "its database is of SQL Server, of which no copy is made" end
  local is_built = not app.published
  if app.endpoints.https then return "its settings give it an HTTPS endpoint, which a copy would share with the site" end
  if not app.run then return "playbook.json does not say how the site is started in the foreground, under run" end
  if is_built and not app.build then return "playbook.json does not set build" end
  for i, words in ipairs { app.build or {}, app.run } do
    for place, word in ipairs(words) do
      local absolute = place > 1 and word:find "^/"
      if absolute then return (i == 1 and "build" or "run") .. " in playbook.json names the path " .. word .. ", which a copy would share with the site" end
    end
  end
  if (app.output or ""):find "^/" then return "the output of the build, " .. app.output .. ", is not below the project: a copy would share it with the site" end
  local outside = is_built and file.read(app.project):match '<ProjectReference[^>]-Include%s*=%s*"(%.%.[^"]*)"'
  if outside then return app.project .. " refers to " .. outside .. ", which is outside of the folder that is copied" end
end

local function left_out(app, builds)
  local paths = { "bin", "obj" }
  for _, path in ipairs { "umbraco/Data", "umbraco/Logs", "wwwroot/media" } do paths[#paths + 1] = instance.below_root(app, path) end
  if builds and app.output then paths[#paths + 1] = app.output end
  return paths
end

local function quoted(text) return "'" .. text:gsub("'", "''") .. "'" end

-- Statements that write state rows, as sqlite.swap does with the site's own.
local function sql_of(rows)
  local lines = {}
  for i, row in ipairs(rows or {}) do
    local key = quoted(row.key)
    lines[i] = row.to and ('insert or replace into umbracoKeyValue("key", value) values (%s, %s);'):format(key, quoted(row.to))
      or ('delete from umbracoKeyValue where "key" = %s;'):format(key)
  end
  return table.concat(lines, "\n")
end

-- The boot itself. From 17.3 on the check of health says when it is done; before that nothing answers until it is done, and then anything may.
local function serve(app, release, folder)
  local env = {
    ASPNETCORE_ENVIRONMENT = app.environment,
    ConnectionStrings__umbracoDbDSN = "Data Source=" .. folder .. "/" .. instance.below_root(app, DATABASE) .. ";Cache=Shared;Foreign Keys=True;Pooling=True",
  }
  for name, value in pairs(VARIABLES) do env[name] = value end
  if app.endpoints.http then env.Kestrel__Endpoints__Http__Url = env.ASPNETCORE_URLS end -- it wins over the other
  local tells = version.compare(release, "17.3.0") >= 0
  return scratch.serve(app.run, {
    folder = folder,
    env = env,
    env_files = app.variables,
    url = "http://127.0.0.1:{port}" .. (tells and "/umbraco/api/health/ready" or "/"),
    body = tells and "Healthy" or nil,
    statuses = tells and { 200 } or { 200, 301, 302, 307, 308, 404 },
    give_up_on = { 500 },
    deadline = 3600,
  })
end

-- Writes what was learned to the operator's file, where later runs find it.
local function keep(app, release, learned)
  local all = file.exists(app.states_file) and json.parse(file.read(app.states_file)) or { releases = {} }
  all.releases[release] = { core = learned.core, pre = learned.pre }
  file.write(app.states_file, json.encode(all) .. "\n")
  states.extend({ [release] = learned }, app.states_file)
  log.info(("%s ends in core %s and premigrations %s: added to %s"):format(release, learned.core, tostring(learned.pre), app.states_file))
end

--- Boots a copy of the site in `release`, built anew where it is another one, and ends it. The states in which it ends, for a
--- release that the table does not know, are put into what is returned.
---@param app table
---@param release string
---@param options? { rows?: table[] } state rows that the copy's database gets first
---@return { core?: string, pre?: string }
function trial.boot(app, release, options)
  local given, learned = options or {}, {}
  local builds = not app.published and (release ~= app.version or not app.output)
  local content = instance.content(app.database)
  local folder = scratch.copy(app.from or ".", {
    name = "site",
    except = left_out(app, builds),
    files = app.from and published.settings() or nil,
    databases = { { from = app.database, to = instance.below_root(app, DATABASE), sql = sql_of(given.rows) } },
    projects = release ~= app.version and instance.edits(app, release) or nil,
  })
  if builds then process.run(app.build, { folder = folder, deadline = 3600, harmless = true, repeat_safe = true }) end
  local root = folder .. "/" .. app.root
  local served, failure = pcall(serve, app, release, folder)
  if not served then
    local line = instance.failure_in(instance.logs { root = root }, {})
    local hint = "the site itself was not touched; mend what it says, or look for it among the known problems of " .. release
    error { code = failure.code, message = "on a copy of the site " .. release .. " does not boot: " .. (line or failure.message), hint = hint }
  end
  expect.copy_is_migrated(app, root, release, content, learned)
  process.run({ "rm", "-r", "--", folder }, { harmless = true, repeat_safe = true, done_when = { "test", "!", "-e", folder } })
  if learned.core then keep(app, release, learned) end
  return learned
end

-- The migrations that a boot says to have run.
local function ran(logs)
  local names = {}
  for _, one in ipairs(logs) do
    local text = file.read(one.path, { limit = 256 * 1024 * 1024 })
    for name in text:gmatch '"MigrationType"%s*:%s*"([^"]+)"' do names[#names + 1] = name end
  end
  return #names == 0 and "no migration ran" or #names .. (#names == 1 and " migration ran: " or " migrations ran: ") .. table.concat(names, ", ")
end

playbook.check {
  name = "new_build_can_be_tried",
  title = "the new build can be tried on a copy of the site",
  override = false,
  run = function(app)
    local why = trial.obstacle(app)
    return why == nil or playbook.accepted "untried", why, "mend that; or let it meet the site untried: --accept untried"
  end,
}

playbook.check {
  name = "final_states_can_be_known",
  title = "the states in which the release ends are in the table, or are learned on a copy",
  override = false,
  run = function(app, target)
    if states.release(target) then return true end
    local unknown = "umbraco/data/states.json does not know " .. target
    local take = "take a newer playbook, or add its states to " .. app.states_file .. ", from its UmbracoPlan.cs"
    if not states.nearest(target) then return false, unknown .. ", nor any release of its major before it", take end
    if trial.obstacle(app) then return false, unknown .. ", and it cannot be tried on a copy: " .. trial.obstacle(app), take end
    return playbook.accepted "unknown-release", unknown .. "; its final states would be those in which it ends on a copy of the site",
      "accept that with --accept unknown-release; or " .. take
  end,
}

playbook.check {
  name = "copy_is_migrated",
  title = "a copy of the site ends in the states of the release, and the site is as it was",
  run = function(app, root, release, content, learned)
    local line = instance.failure_in(instance.logs { root = root }, {})
    if line then return false, line end
    local copy = root .. "/" .. DATABASE
    local rows, live = instance.rows(copy), instance.rows(app.database)
    if live.core ~= app.states.core or live.pre ~= app.states.pre then
      return false, "the states of the site itself changed while the copy was tried: " .. tostring(live.core), "stop it, and restore the last backup set"
    end
    log.info("on the copy: " .. ran(instance.logs { root = root }))
    local lost, hint = instance.lost_content(copy, content)
    if lost and not playbook.accepted "content" then return false, "on the copy " .. lost, hint end
    if states.release(release) then return states.final(rows.core, rows.pre, release) end
    if not rows.core then return false, "the copy has no core state" end
    learned.core, learned.pre = rows.core, rows.pre
    return true
  end,
}

return trial
