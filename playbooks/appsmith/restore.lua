-- `appsmithctl restore` asks its questions of a terminal, ends with 0 where it has failed, and starts the server on half a database. Here the keys are tried
-- on the archive before anything is touched, its steps are done one by one in the release that wrote it, and what came back is counted.
local playbook, sets, keyrings = require "playbook", require "sets", require "keyrings"
local appsmith, archive, settings, instance = require "appsmith", require "appsmith.archive", require "appsmith.settings", require "appsmith.instance"

local KEPT = { "workspace", "application", "newPage", "newAction", "datasource" } -- collections that nobody misses gladly
local NEEDED = { "config", "user", "workspace", "mongockChangeLog" }
local VARIABLES = { password = "APPSMITH_ENCRYPTION_PASSWORD", salt = "APPSMITH_ENCRYPTION_SALT" }

-- $1 the archive, $2 the stacks. Run twice it does the same.
local GIT_STORAGE = [[set -eu
cd "$2"
rm -rf git-storage.incoming
mkdir git-storage.incoming
tar -xf "$1" -C git-storage.incoming --wildcards --no-anchored '*git-storage*' 2>/dev/null || true
inner=$(find git-storage.incoming -mindepth 1 -type d -name git-storage | head -n 1)
if [ -n "$inner" ]; then
  rm -rf git-storage
  mv "$inner" git-storage
fi
rm -rf git-storage.incoming]]

-- Whether the keys open what is stored in the archive, for a gate.
local function verdict(found)
  local of = " of " .. found.tried .. " stored values of the archive"
  if found.tried == 0 then return false, "nothing in the archive is stored under keys, so that nothing proves them", "override this gate if that is as it should be" end
  local hint = "offer the docker.env of its time: --keys password=docker_env:FILE:APPSMITH_ENCRYPTION_PASSWORD --keys salt=docker_env:FILE:APPSMITH_ENCRYPTION_SALT"
  if not found.best then return false, "none of " .. #found.candidates .. " keys opens any" .. of, hint end
  return found.best.opened == found.tried, found.best.opened .. of .. " open", hint
end

--- All that can be known of the archive without changing anything; what an encrypted one was opened into is gone again.
local function look(app, p)
  local opened = archive.open(app, p.archive, p.password)
  opened.release, opened.offers = opened.version or p.version, {}
  local asked, why = pcall(function()
    if not opened.release then return end
    opened.offers = archive.offers(opened)
    for _, text in ipairs(p.keys or {}) do opened.offers[#opened.offers + 1] = keyrings.offer(text) end
    opened.keys = archive.keys(app, opened, opened.release, opened.offers)
    if app.edition == "community" and version.compare(opened.release, "2.2") >= 0 then opened.business = archive.business_class(opened) end
  end)
  archive.close(app)
  if not asked then error(why, 0) end
  return opened
end

local function lacks_licence(app, opened)
  for _, name in ipairs(opened.settings) do
    if name == "APPSMITH_LICENSE_KEY" then return not settings.count(app)[name] end
  end
  return false
end

--- 2.x gives Redis a password, which it writes into docker.env; older releases start Redis without one and would be refused by it.
local function forget_password_of_redis(app, release)
  local name, url = "APPSMITH_REDIS_PASSWORD", "APPSMITH_REDIS_URL"
  if version.compare(release, "2.0") >= 0 or not secret.exists(secret.docker_env(app.docker_env, name)) then return end
  local here = process.read({ "grep", "-qE", "^[[:space:]]*" .. url .. "=.*(localhost|127[.]0[.]0[.]1)", app.docker_env }, { ok = { 0, 1 } })
  dotenv.unset(app.docker_env, name)
  if here.status == 0 then dotenv.set(app.docker_env, url, "redis://127.0.0.1:6379", { public = true }) end
end

return playbook.define {
  name = "appsmith/restore",
  summary = "Restore an archive of `appsmithctl backup`, in the release that wrote it, under keys that were tried on it first.",
  params = {
    archive = { type = "path", required = true, help = "appsmith-backup-*.tar.gz or .tar.gz.enc" },
    version = { type = "release", help = "the release that wrote it, where the archive does not say (1.7 and older)" },
    password = { type = "path", help = "of an encrypted archive: a file that holds its password" },
    keys = { type = "strings", help = "keys of its time: password|salt=docker_env:FILE:NAME, or FILE, env:VARIABLE; never the key itself" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },
  help = "Settings (domain, mail, OAuth, S3) stay those of this instance; those of the archive that differ are named.",

  run = function(p)
    local app = appsmith.inspect(p)
    local opened = look(app, p)
    local release, offers, found = opened.release, opened.offers, opened.keys
    gates(function() gate("the release that wrote it is known", release ~= nil, p.archive .. " does not say which release wrote it", "say it with --version") end)
    local old = appsmith.as_of(app, release)

    gates(function()
      gate("the keys open what is stored in the archive", verdict(found))
      gate("its database is inside of the container", app.embedded, app.docker_env .. " names a database elsewhere", "restore it there with mongorestore")
      gate("the archive is of this database", opened.database == nil or opened.database == app.database_name,
        ("it is of database %s, and %s names %s"):format(opened.database, app.docker_env, app.database_name or "none that can be read"),
        "restore it into an instance whose APPSMITH_DB_URL ends in that name")
      gate("the edition may open the archive", not opened.business,
        "the business edition has used it (" .. tostring(opened.business) .. "), and the community edition from 2.2 on refuses it",
        "restore it into an instance of appsmith-ee; it has a free plan")
      gate("its licence is here", not lacks_licence(app, opened), "the archive has APPSMITH_LICENSE_KEY, and " .. app.docker_env .. " does not set it", "set it there")
      gate.appsmith_runs(app)
      gate.images_can_be_had { old.image }
      gate.no_auto_updaters()
      gate.free_space(app.state, { rehearse = false })
    end)
    if #opened.settings > 0 then log.warning("settings that the archive has otherwise, and that stay as they are here: " .. table.concat(opened.settings, ", ")) end
    sets.agree("Replace this " .. app.version .. " and its data by the archive of " .. release .. "?")
    step("Fetch the image", function() image.pull { old.image } end)
    local held = app.database_name .. "."
    local read, set = pcall(step, "Read the archive", function()
      if opened.folder then archive.open(app, p.archive, p.password) end
      local server = { project = app.project, service = app.service }
      local database = { type = "mongodb", server = server, uri = appsmith.address_of_database(app) }
      local imported = backup.import(opened.dump, { database }, { app = "appsmith", version = release, note = "archive " .. p.archive })
      for _, name in ipairs(NEEDED) do
        expect("the archive holds " .. name, imported.rows[held .. name] ~= nil, p.archive .. " has no collection " .. held .. name)
      end
      return imported
    end)
    if not read then
      archive.close(app)
      error(set, 0)
    end

    downtime(function()
      local present = step("Back up the present", function()
        return backup.create(app.state, { app = "appsmith", version = app.version, keyrings = app.keyrings, note = "before the restore of " .. p.archive })
      end)
      way_back(appsmith.restore, app, present)

      step("Start " .. release .. " on an empty database", function()
        process.run({ "rm", "-rf", app.stacks .. "/data/mongodb", app.stacks .. "/data/redis" }, { repeat_safe = true })
        for name, number in pairs(found.best and found.best.choice or {}) do dotenv.set(app.docker_env, VARIABLES[name], offers[number].secret) end
        forget_password_of_redis(app, release)
        appsmith.start(old)
        compose.fence(app.project, { services = { app.service } }) -- half of a database is never started by itself
        appsmith.wait_finished(old, old)
      end)

      step("Bring back what the archive holds", function()
        compose.exec(app.project, app.service, { "supervisorctl", "stop", "backend", "rts" }, { repeat_safe = true })
        compose.exec(app.project, app.service, instance.shell "db.dropDatabase()", { repeat_safe = true })
        backup.restore(set)
        process.run({ "sh", "-c", GIT_STORAGE, "sh", opened.dump, app.stacks }, { repeat_safe = true })
      end)

      step("Start", function()
        appsmith.stop_writers(app) -- the whole container, for Redis knows the old data
        appsmith.start(old)
        appsmith.wait_finished(old, old)
      end)

      step("Verify", function()
        local rows = appsmith.facts(app).rows
        for _, name in ipairs(KEPT) do
          local there = set.rows[held .. name] or 0
          expect(name .. " is as the archive has it", rows[name] == there, ("%s has %d documents, and %d in the archive"):format(name, rows[name] or 0, there))
        end
        local now = keys.verify(appsmith.as_it_is(app).keyrings)
        local wanted = found.best and found.best.opened or 0
        expect("the keys open what they opened in the archive", now.schemes[1].opened >= wanted, now.text .. ", expected " .. wanted)
      end)
    end)
    archive.close(app)
  end,
}
