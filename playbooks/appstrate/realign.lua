-- The watermark of the migrations has drifted: a row has another time than its migration in the release, so that what comes is passed over without a word.
-- This gives such rows their times back. It is never a part of an upgrade: somebody wrote those times, and should know why.
local playbook, sets, appstrate = require "playbook", require "sets", require "appstrate"

return playbook.define {
  name = "appstrate/realign",
  summary = "Give the rows of drizzle.__drizzle_migrations the times of their migrations again, after a backup.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  help = [[Only rows whose hash is that of a migration of the release that runs are touched, each only where it still has the time that was seen. What it
would not put right is refused: rows of other migrations, and migrations that never ran.]],

  run = function(p)
    local app = appstrate.deployment(p)
    local drifted = appstrate.drifted(app)

    gates(function()
      gate.pinned(app)
      gate.versions_agree(app)
      gate.one_server_runs(app)
      gate.rows_have_drifted(app, drifted)
      gate.realigned_it_fits(app)
      gate.free_space(app.state)
    end)
    for _, row in ipairs(drifted) do log.info(row.text) end
    sets.agree("Give " .. #drifted .. (#drifted == 1 and " row its time" or " rows their times") .. " of " .. app.version .. "?")

    downtime(function()
      local saved = step("Back up", function() return appstrate.back_up(app, "before the realignment of its migrations") end)
      way_back(appstrate.restore, app, saved)

      step("Realign", function() appstrate.realign(app, drifted) end)
      step("Start", function()
        appstrate.start(app)
        appstrate.verify(app)
        expect.database_fits(app)
      end)
    end)
  end,
}
