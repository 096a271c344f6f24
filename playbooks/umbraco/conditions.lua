-- What must hold of an Umbraco site: gate.NAME before the change, expect.NAME after it.
local playbook, configuration, database = require "playbook", require "umbraco.configuration", require "umbraco.database"
local instance, states = require "umbraco.instance", require "umbraco.states"
require "checks"

-- releases --------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "one_release_is_referenced",
  title = "every package of Umbraco CMS is pinned to one release",
  override = false,
  run = function(app)
    local problems = {}
    for _, reference in ipairs(app.references) do
      local at = reference.file .. ": " .. reference.package .. " is " .. reference.version
      if not version.parse(reference.version) or reference.version:find "[%*%[%(,]" then
        problems[#problems + 1] = at .. ", which may be another one at the next restore"
      elseif reference.version ~= app.version then
        problems[#problems + 1] = at .. ", Umbraco.Cms " .. app.version
      end
    end
    for _, locked in ipairs(app.locked or {}) do
      if locked.version ~= app.version then
        problems[#problems + 1] = locked.file .. ": " .. locked.package .. " is " .. locked.version .. ", Umbraco.Cms " .. app.version
      end
    end
    return problems, "give all of them the release that runs"
  end,
}

playbook.check {
  name = "release_is_in_the_table",
  title = "the table of states knows the release",
  override = false,
  run = function(target)
    return states.release(target) ~= nil, "umbraco/data/states.json does not know " .. target .. ", so that nobody could tell whether its migrations ended",
      "take a newer playbook, or add the release to the table from its UmbracoPlan.cs"
  end,
}

playbook.check {
  name = "states_fit_the_release",
  title = "the database is in the final states of the release",
  while_up = true,
  run = function(app, release, learned)
    local rows, wanted = instance.rows(app.database), release or app.version
    if learned and learned.core then
      return rows.core == learned.core and rows.pre == learned.pre, ("%s ended in %s on a copy, and in %s here"):format(wanted, learned.core, tostring(rows.core))
    end
    if not states.release(wanted) then -- a patch release behind the table: its states are those of a known one, or the gate of the target refuses them
      return states.id(rows.core) ~= nil and rows.core ~= nil, wanted .. " is not in the table of states, nor is " .. tostring(rows.core)
    end
    local final, differs = states.final(rows.core, rows.pre, wanted)
    return final, differs, "find out which release the database is of: " .. states.told(states.releases_of(rows.core, rows.pre))
  end,
}

playbook.check {
  name = "release_goes_on_from_these_states",
  title = "the release knows how to go on from the states of the database",
  override = false,
  while_up = true,
  run = function(app, target)
    local rows = instance.rows(app.database)
    local why = states.refusal(rows.core, rows.pre, app.version, target)
    return why == nil, why, "booting it would already change the database; go through the release that comes before, as `playbook doc umbraco/upgrade` says"
  end,
}

playbook.check {
  name = "packages_are_accepted",
  title = "migration states of packages are accepted",
  while_up = true,
  run = function(app)
    local problems = {}
    for name, state in pairs(instance.rows(app.database).packages) do
      if not playbook.accepted(name) then problems[#problems + 1] = name .. " is in state " .. tostring(state) .. states.package_note(name) end
    end
    return problems, "look whether the package's release for the target knows that state, then accept each by its name: --accept NAME"
  end,
}

playbook.check {
  name = "framework_fits",
  title = "the project's framework is that of the release, or is changed with it",
  run = function(app, target)
    local wanted = instance.framework(target)
    return wanted ~= nil, "which .NET " .. target .. " needs is not known here", "look it up, then override this gate"
  end,
}

-- what runs -------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "operation_is_described",
  title = "playbook.json says how the site is built, started and asked",
  override = false,
  run = function(app)
    local missing = {}
    for _, name in ipairs { "service", "url", "build" } do
      local needless = name == "build" and app.published
      if not app[name] and not needless then missing[#missing + 1] = "playbook.json does not set " .. name end
    end
    return missing, [[such as {"service": {"systemd": "site.service"}, "url": "http://127.0.0.1:5000", "build": ["dotnet", "publish", "-o", "out"], "output": "out"}]]
  end,
}

playbook.check {
  name = "program_is_of_the_release",
  title = "the published folder that was given is the same program, of the release",
  override = false,
  run = function(app, target)
    if not app.published then return true end
    if not app.from then return false, app.project .. " is a published folder", "publish " .. target .. " elsewhere, and name that folder with --published" end
    local program, release = instance.program_in(app)
    return program == app.project and release == target, ("%s holds %s of %s, not %s of %s"):format(app.from, tostring(program), tostring(release), app.project, target)
  end,
}

playbook.check {
  name = "site_runs",
  title = "the site runs, and its pages come",
  while_up = true,
  run = function(app)
    local state = service.status(app.service)
    if state ~= "running" then return false, "the service is " .. state, "start it, or look why it does not run" end
    local answer = http.get(app.url .. "/", { timeout = 30 })
    return answer.status < 500, app.url .. "/ answers " .. answer.status, "umbraco/Logs tells more"
  end,
}

playbook.check {
  name = "database_is_whole",
  title = "the database is whole",
  override = false,
  run = function(app)
    local damage = database.damage(app.database)
    return damage == nil, database.told(app.database) .. ": " .. tostring(damage)
  end,
}

playbook.check {
  name = "nobody_migrates",
  title = "no other boot holds the migration lock",
  run = function(app)
    local lock = instance.rows(app.database).lock
    local hint = "wait for its end; the claim of a process that died counts until MigrationClaimTimeout, two hours"
    return not lock or lock == "", "umbracoKeyValue says that " .. tostring(lock) .. " migrates", hint
  end,
}

playbook.check {
  name = "boot_migrates",
  title = "the site is set to migrate when it boots",
  run = function(app)
    local hint = "set Umbraco:CMS:Unattended:UpgradeUnattended to true"
    return configuration.is_on(app, "Umbraco:CMS:Unattended:UpgradeUnattended"), "UpgradeUnattended is not true, so that the boot would wait for a person", hint
  end,
}

playbook.check {
  name = "never_installs",
  title = "the site never installs itself",
  override = false,
  run = function(app)
    return not configuration.is_on(app, "Umbraco:CMS:Unattended:InstallUnattended"),
      "InstallUnattended is true: on an empty or wrong database it would install a new site", "set Umbraco:CMS:Unattended:InstallUnattended to false"
  end,
}

playbook.check {
  name = "runtime_is_installed",
  title = "the .NET that the release needs is installed",
  run = function(target)
    local framework = instance.framework(target)
    if not framework or not host.tools({ "dotnet" }).dotnet then return true end -- it brings its own, or runs in a container
    local wanted = framework:match "%d+"
    for major in process.read({ "dotnet", "--list-runtimes" }).out:gmatch "Microsoft%.AspNetCore%.App (%d+)%." do
      if major == wanted then return true end
    end
    local why = target .. " needs ASP.NET Core " .. wanted .. ", and `dotnet --list-runtimes` does not name it"
    return false, why, "install its runtime, and its SDK where the site is built"
  end,
}

-- after the change --------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "pages_come",
  title = "pages come, and go on coming",
  run = function(app)
    for _ = 1, 5 do
      for _, path in ipairs { "/", "/umbraco" } do
        local answer = http.get(app.url .. path, { timeout = 30 })
        if answer.status >= 500 or answer.status == 404 then return false, app.url .. path .. " answers " .. answer.status end
      end
      clock.sleep(0.2)
    end
    return true
  end,
}

playbook.check {
  name = "log_tells_of_no_failure",
  title = "the log tells of no failed migration since the stop",
  run = function(app, before)
    local line = instance.failure_in(instance.logs(app), before)
    return line == nil, line
  end,
}

playbook.check {
  name = "content_is_kept",
  title = "no kind of property has lost values",
  run = function(app, before)
    local lost, hint = instance.lost_content(app.database, before)
    return lost == nil or playbook.accepted "content", lost, hint
  end,
}

return {}
