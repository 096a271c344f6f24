-- The single container with PGlite: its database lives inside of the server's own process, so that nothing can be asked of it while it runs. It is copied
-- cold, with the keys that the server made beside it; the vendor's page copies the database alone.
local playbook, activepieces = require "playbook", require "activepieces"

return playbook.define {
  name = "activepieces/upgrade-pglite",
  summary = "Upgrade an Activepieces whose database is PGlite (compose, one container) to a pinned release.",
  params = {
    to = { type = "release", required = true, help = "such as 0.83.0" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  help = [[Backed up, with the container proved to be stopped: AP_CONFIG_PATH whole (the database, and settings.json with the keys that the server made), .env
and the compose file. The keys are tried on that copy, where node has PGlite. The way back brings the folder back before the old image starts. Jobs wait in the
memory of the server, and are lost when it stops: --accept jobs.]],

  run = function(p)
    local app = activepieces.inspect(p)
    local target = activepieces.release(app, p.to)

    gates(function()
      gate("its database is PGlite", app.database.pglite ~= nil, "its database is PostgreSQL", "activepieces/upgrade upgrades it")
      gate.newer(app.version, target.version)
      gate.path_is_sure(activepieces.path(app, target.version))
      gate.one_tag_for_all(app)
      gate.release_agrees(app)
      gate.images_can_be_had(target.images)
      gate.app_runs(app)
      gate.variables_fit(app, target)
      gate.changes_are_accepted(app, target)
      gate.queue_is_kept(app)
      gate.free_space(app.state)
    end)
    step("Fetch images", function() image.pull(target.images) end)

    downtime(function()
      local saved = step("Back up", function() return activepieces.back_up(app) end) -- which proves that nobody has the database open
      way_back(activepieces.restore, app, saved)
      local opened = keys.verify(app.keyrings, { set = saved })
      expect("no key is wrong", opened.verdict ~= "mismatch", opened.text)

      step("Upgrade", function()
        activepieces.pin(app, target.image)
        activepieces.start(app, target)
      end)

      step("Verify", function()
        expect.runs_release(app, target)
        expect.keys_match(app, saved)
      end)
    end)
  end,
}
