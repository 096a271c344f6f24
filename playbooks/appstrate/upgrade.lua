-- What the vendor's page asks of a person, and what it leaves out: gates before anything stops, a proved copy, a way back that restores the database
-- before the old image starts.
local playbook, preflights, appstrate = require "playbook", require "preflights", require "appstrate"

local PASSWORD = { password = "POSTGRES_PASSWORD", user = "POSTGRES_USER", default_user = "appstrate", database = "appstrate" }

return playbook.define {
  name = "appstrate/upgrade",
  summary = "Upgrade a self-hosted Appstrate (compose, PostgreSQL) to a pinned release.",
  params = {
    to = { type = "release", required = true, help = "such as 1.0.0-beta.51" },
    token = { type = "path", help = "file with what the header Authorization says, such as `Bearer ...`: real addresses are asked, before and after" },
    organization = { help = "the organization that the token is of" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
    snapshot = { help = 'of the bucket, taken elsewhere: "ID TIME HOW TO BRING IT BACK"; then its objects are not backed up' },
    compose_file = { type = "path", help = "the compose file of the new release, to take the place of the one that is there" },
  },
  help = [[Gates, asked together before anything changes: the release is known, newer, and no rewrite of upstream's migrations lies on the way; APPSTRATE_VERSION
is set once and names what runs, in every image of Appstrate; all images can be had; the server is one and has no run in progress; every setting that the release
requires is set and reaches it; the database is the server's own, in the state of the running release, and no migration of the new one would be passed over; the
keys open what is stored; Redis keeps what waits; nothing was left by the vendor's command; there is room. What breaks is accepted by --accept breaking.
Backed up, with the server stopped: PostgreSQL, .env and compose files, the files, MinIO's volume or the bucket, Redis. A copy of the database was restored and
compared before. The way back brings all of it back before the old image starts: it is taken by itself where a migration, the start or a proof fails, and later
by `playbook rollback`.]],

  run = function(p)
    local app = appstrate.deployment(p, p.snapshot)
    local new = p.compose_file and appstrate.with_compose_file(app, p.compose_file)
    local after = new and new.app or app
    local target, access = appstrate.release(after, p.to), appstrate.access(p)
    local seen = access and appstrate.probe(app, access)

    gates(function()
      gate.newer(app.version, target.version)
      gate.path_is_sure(appstrate.path(app, target.version))
      gate.release_is_known(target)
      gate.pinned(app)
      if new then gate.pinned(after) end
      gate.versions_agree(app)
      gate.no_vendor_leftovers()
      gate.images_can_be_had(target.images)
      gate.one_server_runs(app)
      gate.no_run_in_progress(app)
      gate.token_is_taken(seen)
      if new then
        gate.compose_file_fits(new)
        gate.compose_file_accepted(new)
      end
      gate.settings_reach_the_app(after, target)
      gate.database_is_the_servers(app)
      gate.database_fits(app)
      gate.password_opens_the_database(app, PASSWORD)
      gate.migrations_will_run(app, target)
      gate.breaking_changes_accepted(app, target)
      gate.database_gives_rights(app.database)
      gate.keys_open_stored_secrets(app)
      preflights.ask(after, target.images)
      gate.queue_is_kept(app)
      gate.free_space(app.state, { sets = 2 })
    end)

    step("Fetch images", function() image.pull(target.images) end)
    gates(function() gate.migrations_will_run(app, target) end) -- now by the journal in the image itself
    local opened = keys.verify(app.keyrings)
    step("Rehearse on a copy", function() appstrate.rehearse(app, target) end)

    downtime(function()
      local saved = step("Back up", function() return appstrate.back_up(app) end)
      way_back(appstrate.restore, app, saved)

      step("Upgrade", function()
        if new then file.copy(app.project.files[1], new.path) end
        dotenv.set(app.env_file, "APPSTRATE_VERSION", target.tag, { public = true, once = true })
        compose.up(app.project, { services = appstrate.all_services(after), images = target.of_service })
        appstrate.wait_ready(app, target)
      end)

      step("Verify", function()
        expect.images(after, target)
        expect.migrations(app, target)
        expect.healthy(app)
        expect.addresses_answer(app, access, seen)
        expect.rows_kept(app.database, saved, appstrate.KEPT)
        expect.keys_open_stored_secrets(app, opened)
        expect.has_not_restarted(app)
        expect.quiet_log(app)
      end)
    end)
  end,
}
