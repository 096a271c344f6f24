-- What must hold of an Umbraco site: gate.NAME before the change, expect.NAME after it.
local playbook, composed, configuration, database = require "playbook", require "composed", require "umbraco.configuration", require "umbraco.database"
local container, instance, running = require "umbraco.container", require "umbraco.instance", require "umbraco.running"
local published, states = require "umbraco.published", require "umbraco.states"
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
    if not wanted then return false, "which .NET " .. target .. " needs is not known here", "look it up, then override this gate" end
    if not app.container then return true end
    local based, dockerfile = container.rebased(app.container, wanted), app.container.dockerfile
    if based.known == 0 then
      return false, dockerfile .. " is made from no image whose tag tells its .NET", "see to it that it brings " .. wanted .. ", then override this gate"
    end
    return based.pinned[1] == nil, dockerfile .. " pins " .. tostring(based.pinned[1]) .. " to a digest", "give it the digest of an image of " .. wanted
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
    local state = running.status(app)
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

-- Rows that every Umbraco of the table has, and two without which 16.2 fails (issue 20037); which others a release asks for is not known here.
local LOCKS = { [-331] = "Servers", [-333] = "ContentTree", [-339] = "KeyValues", [-1000] = "MainDom" }

playbook.check {
  name = "lock_rows_are_there",
  title = "the rows by which Umbraco locks are there",
  run = function(app)
    local found, missing = {}, {}
    for _, row in ipairs(database.query(app.database, "select id from umbracoLock")) do found[row.id] = true end
    for id, name in pairs(LOCKS) do
      if not found[id] then missing[#missing + 1] = id .. " (" .. name .. ")" end
    end
    local asked = version.compare(app.version, "16.2.0") >= 0
    if asked and not (found[-344] and found[-345]) then
      log.warning("umbracoLock lacks -344 or -345, without which 16.2 fails (issue 20037): whether " .. app.version .. " needs them is not known")
    end
    return #missing == 0, "umbracoLock lacks " .. table.concat(missing, ", "), "restore a backup, or insert them as the release's DatabaseDataCreator does"
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
  name = "connection_lasts",
  title = "the connection to SQL Server is trusted, and lasts as long as migrations do",
  run = function(app)
    if database.is_file(app.database) then return true end
    return configuration.connection_problems(app), "add TrustServerCertificate=True and Connect Timeout=600; override this where its certificate is trusted"
  end,
}

playbook.check {
  name = "address_does_not_lead_away",
  title = "the address is answered by the site itself, and not led to HTTPS",
  run = function(app, target)
    local plain = (app.url or ""):find "^http:" and version.compare(target, "17.0.0") >= 0
    local set = plain and configuration.get(app, "Umbraco:CMS:Global:UseHttps")
    local why = "UseHttps is " .. (set or "not set, and true from 17 on") .. ": " .. tostring(app.url) .. " would lead to HTTPS"
    return not plain or set ~= nil and set:lower() == "false", why, "name the https address in playbook.json, or set Umbraco:CMS:Global:UseHttps to false"
  end,
}

playbook.check {
  name = "patch_keeps_content",
  title = "the release is not one that is known to lose content",
  run = function(app, target)
    local migrates = version.satisfies(app.version, "<17") and version.satisfies(target, ">=15 <17.5.2")
    return not migrates or playbook.accepted "older-patch",
      "releases from 15 to before 17.5.2 may lose rich text and blocks as they migrate them (Umbraco-CMS issue 23224), and nothing repairs that later",
      "upgrade to 17.5.2 or later; or accept it with --accept older-patch, and keep the backup"
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
  run = function(app, target)
    local framework = instance.framework(target)
    if app.container or not framework or not host.tools({ "dotnet" }).dotnet then return true end -- it brings its own
    local wanted = framework:match "%d+"
    for major in process.read({ "dotnet", "--list-runtimes" }).out:gmatch "Microsoft%.AspNetCore%.App (%d+)%." do
      if major == wanted then return true end
    end
    local why = target .. " needs ASP.NET Core " .. wanted .. ", and `dotnet --list-runtimes` does not name it"
    return false, why, "install its runtime, and its SDK where the site is built"
  end,
}

playbook.check {
  name = "container_keeps_no_data",
  title = "what the site writes is mounted into its container",
  run = function(app)
    local inside = {}
    for _, path in ipairs { "wwwroot/media", "umbraco/Data", "umbraco/Logs" } do
      if not instance.kept(app, path) then inside[#inside + 1] = container.inside(app.container, path) end
    end
    local hint = "mount them, and copy out with `docker cp` what is there: the container is made anew, and what is in it is in no backup"
    return #inside == 0, "nothing that can be seen here is mounted at " .. table.concat(inside, ", "), hint
  end,
}

playbook.check {
  name = "container_runs_its_image",
  title = "the container runs the image that its name means",
  run = function(app)
    local one, id = composed.containers(app.container.project, { app.container.service })[1], running.image(app)
    local hint = "somebody built it anew: start that with `docker compose up -d`, and see that it is well; a way back brings the image that has the name"
    return one ~= nil and one.image_id == id, ("%s is %s, and the container runs %s"):format(app.container.image, tostring(id), one and one.image_id or "nothing"), hint
  end,
}

playbook.check {
  name = "settings_are_read",
  title = "what Compose gives to the site is known",
  override = false,
  run = function(app)
    local unread = container.unread(app)
    return #unread == 0, "how the compose files set " .. table.concat(unread, ", ") .. " is not read here", "set them under environment: of the service itself"
  end,
}

-- Does a line of the file that leaves things out of a build name it?
local function leaves_out(path, name)
  for line in (file.exists(path) and file.read(path) or ""):gmatch "[^\r\n]+" do
    if line:gsub("^%*%*/", ""):gsub("^/", ""):gsub("/%*?%*?$", "") == name then return true end
  end
  return false
end

playbook.check {
  name = "build_leaves_backups_out",
  title = "no backup gets into an image",
  run = function(app)
    local found = app.container
    local ignore = (found.context == "." and "" or found.context .. "/") .. ".dockerignore"
    if leaves_out(ignore, ".playbook") or leaves_out(found.dockerfile .. ".dockerignore", ".playbook") then return true end
    return false, ignore .. " does not leave out .playbook, where the backups are", "add the line **/.playbook to it"
  end,
}

playbook.check {
  name = "media_is_here",
  title = "media is on this machine, and in the backup",
  run = function(app)
    local store = instance.media_store(app)
    return store == nil or playbook.accepted "media", ("%s keeps its media elsewhere, by %s: no backup here holds it"):format(app.project, tostring(store)),
      "see to its versions there, then accept it with --accept media"
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
  name = "build_is_of_the_release",
  title = "what runs was built now, of the release",
  run = function(app, release, image_before)
    local hint = "see what build in playbook.json builds"
    if app.container then
      local now = composed.containers(app.container.project, { app.container.service })[1]
      local id = now and now.image_id or "no image"
      return id ~= image_before, app.container.service .. " runs " .. id .. ", as before the build", hint .. ": it must be the image of that service"
    end
    local program = app.output and published.program(app.output)
    if not program then return true end -- what is told by no such file is told by the states alone
    local built = published.references(app.output, program, { "Umbraco.Cms" })[1]
    return built.version == release, app.output .. "/" .. program .. " is of " .. built.version .. ", not of " .. release, hint
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
    for _, line in ipairs(instance.content_changes(app.database, before)) do log.info("content of " .. line) end
    return lost == nil or playbook.accepted "content", lost, hint
  end,
}

return {}
