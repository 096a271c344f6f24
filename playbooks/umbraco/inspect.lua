local playbook, instances = require "playbook", require "instances"
local umbraco, database, states = require "umbraco", require "umbraco.database", require "umbraco.states"

local function told(rows)
  local releases = states.releases_of(rows.core, rows.pre)
  if releases[1] then return states.told(releases) end
  if not rows.core then return "no core state: not an Umbraco, or a broken one" end
  return states.id(rows.core) and states.id(rows.pre) and "between releases: an upgrade was not finished" or "no release that the table of states knows"
end

-- For the last release of each later major that the table knows: would the database be taken by it, and through how many migrations.
local function ways_on(app)
  local last, majors, lines = {}, {}, {}
  for _, name in ipairs(states.releases) do
    local major = name:match "^%d+"
    if version.compare(name, app.version) > 0 then
      if not last[major] then majors[#majors + 1] = major end
      last[major] = name
    end
  end
  for i, major in ipairs(majors) do
    local target, said = last[major]
    local path, why = umbraco.path(app, target), states.refusal(app.states.core, app.states.pre, app.version, target)
    if path.hops and #path.hops > 1 then
      said = "after " .. path.hops[1].to
    elseif path.blocked or why then
      said = "no: " .. (why or path.blocked.why)
    else
      local pending = states.pending(app.states.core, app.states.pre, target)
      said = #pending.pre + #pending.core .. " migrations"
    end
    lines[i] = target .. ": " .. said
  end
  return lines
end

return playbook.define {
  name = "umbraco/inspect",
  summary = "Say what is here: release by the project, releases that the database could be of, its states, what runs, backups, what is wrong.",

  run = function()
    if not umbraco.is_here() then return nil end
    local known, app = pcall(umbraco.inspect)
    if not known then
      local project, version = umbraco.project()
      return { application = "Umbraco", version = version, project = project, backups = instances.backups(), warnings = { app.message .. "; " .. (app.hint or "") } }
    end
    local rows = app.states
    return {
      application = app.title,
      version = app.version,
      project = app.project,
      framework = app.framework or "not said",
      database = database.told(app.database),
      core_state = rows.core or "none",
      premigration_state = rows.pre or "none",
      database_of = told(rows),
      packages = rows.packages,
      ways_on = ways_on(app),
      migrating = rows.lock and rows.lock ~= "" and rows.lock or "nobody",
      service = app.service and umbraco.status(app) or "not said in playbook.json",
      address = app.url or "not said in playbook.json",
      backups = instances.backups(),
      warnings = instances.warnings {
        { "one_release_is_referenced", app },
        { "states_fit_the_release", app, app.version },
        { "framework_fits", app, app.version },
        { "database_is_whole", app },
        { "nobody_migrates", app },
      },
      proven = (app.container and "with a stand-in site in a container that a real Docker engine built" or "with a stand-in site")
        .. ", on real SQLite databases and on no SQL Server; its states are those of 231 releases",
    }
  end,
}
