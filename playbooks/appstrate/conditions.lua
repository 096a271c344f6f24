-- What must hold of an Appstrate: gate.NAME before the change, expect.NAME after it.
local playbook, composed = require "playbook", require "composed"
local instance, journals = require "appstrate.instance", require "appstrate.journals"
require "checks"

local settings, changes = playbook.data "appstrate/data/settings.json", playbook.data "appstrate/data/changes.json"

local function contains(list, value)
  for _, item in ipairs(list or {}) do
    if item == value then return true end
  end
  return false
end

-- releases --------------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "release_is_known",
  title = "the playbook knows the release",
  run = function(target)
    local newest = journals.newest()
    if version.compare(target.version, newest) > 0 then
      return false, target.version .. " is newer than every release that this playbook knows, up to " .. newest, "read its changelog, then override this gate"
    end
    return journals.of(target.version) ~= nil, "there was never a release " .. target.version
  end,
}

playbook.check {
  name = "pinned",
  title = "APPSTRATE_VERSION is set, once, to one release",
  override = false,
  run = function(app)
    local runs = app.version or "the release that runs"
    if contains(app.overridden, "APPSTRATE_VERSION") then
      return false, "the shell exports APPSTRATE_VERSION, which overrides " .. app.env_file, "unset APPSTRATE_VERSION, then run it again"
    end
    if not app.pinned then
      return false, app.env_file .. " does not set APPSTRATE_VERSION, so that a default of the compose file counts", "set APPSTRATE_VERSION=" .. runs .. " there"
    end
    local floating = image.is_floating(app.image)
    if floating.floating then return false, app.image .. ": " .. floating.why, "set APPSTRATE_VERSION=" .. runs .. " in " .. app.env_file end
    local strays = {}
    for _, ref in ipairs(app.images) do
      if composed.tag_of(ref) ~= app.pinned then strays[#strays + 1] = ref end
    end
    return #strays == 0, "not pinned by APPSTRATE_VERSION=" .. app.pinned .. ": " .. table.concat(strays, ", "), "use ${APPSTRATE_VERSION} in every image of Appstrate"
  end,
}

playbook.check {
  name = "versions_agree",
  title = "what is pinned is what runs",
  run = function(app)
    local told = { { "APPSTRATE_VERSION", app.pinned and composed.bare(app.pinned) } }
    for how, found in pairs(app.versions) do told[#told + 1] = { how, found } end
    local texts, agree = {}, true
    for i, item in ipairs(told) do
      texts[i] = item[1] .. " says " .. (item[2] or "nothing")
      agree = agree and item[2] == app.version
    end
    return agree, table.concat(texts, ", "), "find out which release the database is of, and start that one"
  end,
}

playbook.check {
  name = "not_newer",
  title = "the release is not newer than what runs",
  override = false,
  run = function(app, target)
    local goes_back = not app.version or version.compare(app.version, target.version) >= 0
    return goes_back, target.version .. " is newer than " .. tostring(app.version) .. ", which runs", "to go forward, upgrade"
  end,
}

playbook.check {
  name = "no_vendor_leftovers",
  title = "no upgrade by the vendor's command was broken off here",
  run = function()
    local found = {}
    for _, name in ipairs { ".env.backup", "docker-compose.yml.backup" } do
      if file.exists(name) then found[#found + 1] = name end
    end
    return #found == 0, "`appstrate install` has left " .. table.concat(found, " and ") .. ", which it removes when it succeeds",
      "compare them with what is in force, keep what is right, and move them away"
  end,
}

-- What the vendor's .env.example gives everybody.
local PUBLIC = "^(CONNECTION_ENCRYPTION_KEY=.?jChGxOEG1YjCtrkrTYhO7FFdIKaHpe/j1PBY/LqID6s=|[A-Z_]+=.?appstrate-dev-)"

playbook.check {
  name = "keys_are_of_its_own",
  title = "no key is the one of the vendor's example",
  run = function(app)
    if not file.exists(app.env_file) then return true end
    local names = {}
    for line in process.read({ "grep", "-oE", PUBLIC, app.env_file }, { ok = { 0, 1 } }).out:gmatch "[^\n]+" do names[#names + 1] = line:match "^[%u_]+" end
    return #names == 0, "everybody knows the value of " .. table.concat(names, ", ") .. ", which is that of the vendor's .env.example",
      "it is the right key for what is stored: keep it until that is stored anew under another"
  end,
}

playbook.check {
  name = "breaking_changes_accepted",
  title = "breaking changes are accepted",
  run = function(app, target)
    local texts = {}
    for _, change in ipairs(changes) do
      if version.compare(app.version, change.after) <= 0 and version.compare(target.version, change.after) > 0 then texts[#texts + 1] = change.text end
    end
    return #texts == 0 or playbook.accepted "breaking", table.concat(texts, "; "), "accept them with --accept breaking"
  end,
}

-- what runs -------------------------------------------------------------------------------------------------------------------------------------------

local function containers(app) return composed.containers(app.project, { app.service }) end

playbook.check {
  name = "one_server_runs",
  title = "one server of this project runs",
  while_up = true,
  run = composed.one_runs,
}

playbook.check {
  name = "healthy",
  title = "it says that it is well",
  while_up = true,
  run = function(app)
    local status = instance.health(app.url).status
    local as_before = status ~= nil and status == app.health.status
    return status == "healthy" or as_before, app.url .. "/health says " .. (status or "nothing"), "docker compose logs " .. app.service .. " tells more"
  end,
}

playbook.check {
  name = "no_run_in_progress",
  title = "no run is in progress",
  while_up = true,
  run = function(app)
    local count = postgres.query(app.database, "select count(*) as count from runs where status = 'running'")[1].count
    return count == 0, count .. (count == 1 and " run is" or " runs are") .. " in progress and would be marked failed", "wait for the end, or override this gate"
  end,
}

playbook.check {
  name = "images",
  title = "every image of Appstrate is of the release",
  run = function(app, release)
    local strays = {}
    for name, service in pairs(compose.config(app.project).services) do
      local ref = service.image
      if contains(app.services, name) and not contains(release.images, ref) then strays[#strays + 1] = name .. " has " .. ref end
    end
    local running = containers(app)
    if #running == 0 then return false, app.service .. " has no container" end
    for _, container in ipairs(running) do
      if container.image ~= release.image then strays[#strays + 1] = container.name .. " runs " .. container.image end
    end
    return strays
  end,
}

playbook.check {
  name = "has_not_restarted",
  title = "the server has not restarted",
  run = function(app)
    local problems, running = {}, containers(app)
    if #running == 0 then return false, app.service .. " has no container" end
    for _, container in ipairs(running) do
      if container.restarts > 0 then problems[#problems + 1] = container.name .. " has restarted " .. container.restarts .. " times" end
    end
    return problems, "docker compose logs " .. app.service .. " tells more"
  end,
}

playbook.check {
  name = "quiet_log",
  title = "the log tells of no failed query and no drift",
  run = function(app)
    for _, entry in ipairs(compose.logs(app.project, { services = { app.service }, tail = 2000 })) do
      for _, bad in ipairs { "Failed query", "Schema drift", "Could not " } do
        if entry.line:find(bad, 1, true) then return false, "the log of " .. app.service .. " says: " .. entry.line:sub(1, 200) end
      end
    end
    return true
  end,
}

playbook.check {
  name = "settings_reach_the_app",
  title = "every setting that the release requires is set and passed on",
  run = function(app, target)
    local problems = {}
    for _, setting in ipairs(settings) do
      if not setting.from or version.compare(target.version, setting.from) >= 0 then
        local fresh = setting.fresh and " (a fresh random value will do)" or ""
        if app.settings and not contains(app.settings, setting.name) then -- a checkout reads .env itself
          problems[#problems + 1] = "the compose file does not pass " .. setting.name .. " on to " .. app.service .. fresh
        elseif not (file.exists(app.env_file) and dotenv.get(app.env_file, setting.name)) then
          problems[#problems + 1] = app.env_file .. " does not set " .. setting.name .. fresh
        end
      end
    end
    return problems, "take the compose file of the release, and set what it asks for; `openssl rand -hex 32` makes a fresh value"
  end,
}

-- the database ----------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "database_fits",
  title = "the database is in the state of the release that runs",
  override = false,
  while_up = true,
  run = function(app)
    local rows = instance.migrations(app)
    if #rows == 0 then return false, "the database has no migrations of an Appstrate", "is it the right one? the service is " .. app.database.service end
    local own = journals.of(app.version) or instance.journal { version = app.version, image = app.image }
    if not own then return false, "the migrations of " .. app.version .. " are not known, and its image is not here" end
    local drifted = journals.drifted(rows, own)
    if drifted[1] then
      return false, drifted[1].text .. (#drifted > 1 and ", and " .. #drifted - 1 .. " more so" or ""),
        "later migrations would be passed over without a word; appstrate/realign puts that right, after a backup"
    end
    local state = journals.releases_at(rows) or "no release that this playbook knows"
    if journals.watermark(rows) > journals.watermark(own) then
      return false, "the database is newer than " .. app.version .. ": it is in the state of " .. state, "start the release that it belongs to"
    end
    if not journals.ends_in(rows, own) then return false, "the newest migration of the database is none of " .. app.version .. ": it is in the state of " .. state end
    local missing = journals.missing(rows, own)
    return missing.count == 0, missing.text .. " of " .. app.version .. " never ran: " .. missing.tags, "they were skipped by an earlier upgrade"
  end,
}

-- Of DATABASE_URL in a container, what stands behind its last @: host, port and name, and no password.
local ADDRESS = '{{range .Config.Env}}{{if eq (index (split . "=") 0) "DATABASE_URL"}}{{if gt (len (split . "@")) 1}}'
  .. '{{$rest := ""}}{{range split . "@"}}{{$rest = .}}{{end}}{{$rest}}{{end}}{{end}}{{end}}'

playbook.check {
  name = "database_is_the_servers",
  title = "the database in the project is the one of the server",
  run = function(app)
    local found = containers(app)[1]
    if not found then return true end -- asked of one that runs
    local host = process.read({ "docker", "inspect", "--type", "container", "--format", ADDRESS, found.name }).out:match "^%[?([^:/%]%s]+)"
    local service = app.database.service
    return not host or host == service or host == app.database_container,
      found.name .. " has its database at " .. tostring(host) .. ", and not in the service " .. service .. " of the project: a backup of that would be of another one",
      "a database outside of the project is not known; a name of the network for it: override this gate"
  end,
}

playbook.check {
  name = "migrations_will_run",
  title = "every migration of the release will run",
  override = false,
  while_up = true,
  run = function(app, target)
    local rows, journal = instance.migrations(app), instance.journal(target)
    if not journal then return true end -- asked again when its image is here
    if journals.watermark(rows) > journals.watermark(journal) then
      return false, "the database is newer than " .. target.version .. ": its migrations would be skipped without a word"
    end
    local skipped = journals.skipped(rows, journal)
    return skipped.count == 0, skipped.text .. " of " .. target.version .. " would be skipped without a word: " .. skipped.tags,
      "their time lies before the newest row of drizzle.__drizzle_migrations; ask upstream"
  end,
}

playbook.check {
  name = "migrations",
  title = "every migration of the release has its row",
  run = function(app, release)
    local rows, journal = instance.migrations(app), instance.journal(release)
    local missing = journals.missing(rows, journal)
    if missing.count > 0 then return false, missing.text .. " of " .. release.version .. " without a row: " .. missing.tags end
    return journals.ends_in(rows, journal), "the newest row is of no migration of " .. release.version
  end,
}

-- realignment -----------------------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "rows_have_drifted",
  title = "there is something to realign",
  override = false,
  run = function(app, drifted) return #drifted > 0, "every row that is of a migration of " .. app.version .. " has its time" end,
}

playbook.check {
  name = "realigned_it_fits",
  title = "with its rows realigned the database is in the state of the release that runs",
  override = false,
  run = function(app)
    local own = journals.of(app.version)
    if not own then return false, "the migrations of " .. app.version .. " are not known" end
    local rows = journals.realigned(instance.migrations(app), own)
    if journals.watermark(rows) > journals.watermark(own) then return false, "rows of no migration of " .. app.version .. " are newer than all of its own" end
    local missing = journals.missing(rows, own)
    return missing.count == 0, missing.text .. " of " .. app.version .. " never ran: " .. missing.tags, "times alone do not help: restore a backup, or ask upstream"
  end,
}

-- what a signed-in person sees ------------------------------------------------------------------------------------------------------------------------

playbook.check {
  name = "token_is_taken",
  title = "the addresses that need a sign-in take the token",
  while_up = true,
  run = function(before)
    local problems = {}
    for path, status in pairs(before or {}) do
      if status == 401 or status == 403 or status >= 500 then problems[#problems + 1] = path .. " answers " .. status end
    end
    return problems, "give a token that is still good, and the organization that it is of"
  end,
}

playbook.check {
  name = "addresses_answer",
  title = "the addresses that need a sign-in answer as before",
  run = function(app, access, before)
    local problems, now = {}, access and instance.probe(app, access) or {}
    for path, status in pairs(before or {}) do
      if status == 200 and now[path] ~= 200 then problems[#problems + 1] = path .. " answered 200 and answers " .. now[path] end
    end
    return problems, "its health says nothing of its schema; the log of " .. app.service .. " tells more"
  end,
}

return {}
