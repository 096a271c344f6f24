-- What the vendor's update.sh does without a backup: gates before anything stops, a proved copy, one tag for app and worker, readiness by the log and
-- by the rows of the migrations table, and a way back that restores the database before the old image starts.
local playbook, preflights, activepieces = require "playbook", require "preflights", require "activepieces"

local PASSWORD = { password = "AP_POSTGRES_PASSWORD", user = "AP_POSTGRES_USERNAME", default_user = "postgres", database = "AP_POSTGRES_DATABASE" }

return playbook.define {
  name = "activepieces/upgrade",
  summary = "Upgrade a self-hosted Activepieces (compose, PostgreSQL) to a pinned release.",
  params = {
    to = { type = "release", required = true, help = "such as 0.83.0" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
    snapshot = { help = 'of the bucket, taken elsewhere: "ID TIME HOW TO BRING IT BACK"; then its objects are not backed up' },
    compose_file = { type = "path", help = "the compose file of the new release, to take the place of the one that is there" },
  },
  help = [[Gates, asked together before anything changes: the release is newer; app and worker are pinned to one tag, which runs; its images can be had; no job is in
work, and those that wait are kept, or --accept jobs; settings have the names and values of the release; the database holds just the migrations of the running
release, and the new one adds to them; pgvector is there for those that need it; the password of .env opens the database, and the key the stored connections;
there is room. What breaks is accepted by --accept breaking.
Backed up, with server and workers stopped: PostgreSQL, .env and compose files, what is mounted into the server, the bucket, Redis. A copy of the database was
restored and compared before. The way back brings all of it back before the old image starts: it is taken by itself where a migration, the start or a proof
fails, and later by `playbook rollback`; activepieces/rollback knows shorter ways.]],

  run = function(p)
    local app = activepieces.inspect(p, p.snapshot)
    activepieces.demand_server(app)
    local new = p.compose_file and activepieces.with_compose_file(app, p.compose_file)
    local after = new and new.app or app
    local target = activepieces.release(after, p.to)

    gates(function()
      gate.newer(app.version, target.version)
      gate.path_is_sure(activepieces.path(app, target.version))
      gate.one_tag_for_all(app)
      gate.release_agrees(app)
      gate.images_can_be_had(target.images)
      gate.app_runs(app)
      gate.queues_are_idle(app)
      if new then
        gate.one_tag_for_all(after)
        gate.compose_file_fits(new)
        gate.compose_file_accepted(new)
      end
      gate.variables_fit(after, target)
      gate.rows_of_release(app)
      gate.migrations_are_added(app, target)
      gate.vector_is_there(app, target)
      gate.changes_are_accepted(app, target)
      gate.password_opens_the_database(app, PASSWORD)
      gate.database_gives_rights(app.database)
      gate.keys_open_stored_secrets(app)
      preflights.ask(after, target.images)
      gate.queue_is_kept(app)
      gate.free_space(app.state, { sets = 2 })
    end)

    step("Fetch images", function() image.pull(target.images) end)
    gates(function() -- now by the manifest in the image itself
      gate.migrations_are_added(app, target)
      gate.vector_is_there(app, target)
    end)
    local opened = keys.verify(app.keyrings)
    step("Rehearse on a copy", function() activepieces.rehearse(app, target) end)

    downtime(function()
      local saved = step("Back up", function() return activepieces.back_up(app) end)
      way_back(activepieces.restore, app, saved)

      step("Upgrade", function()
        if new then file.copy(app.project.files[1], new.path) end
        activepieces.pin(after, target.image)
        activepieces.start(after, target)
      end)

      step("Verify", function()
        expect.runs_release(after, target)
        expect.rows_of_release(app, target)
        expect.rows_kept(app.database, saved, activepieces.KEPT)
        expect.keys_open_stored_secrets(app, opened)
      end)
    end)
  end,
}
