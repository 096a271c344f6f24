-- Re-running migrations, which the vendor describes for looking into an upgrade: the states are set back and the present build is started again; on a copy of
-- the site, unless the site itself is asked for. The vendor's "migrations are idempotent" does not hold for all of them; those are named and refused.
local playbook, umbraco, states = require "playbook", require "umbraco", require "umbraco.states"
local database, ways, trial = require "umbraco.database", require "umbraco.ways", require "umbraco.trial"

return playbook.define {
  name = "umbraco/rerun",
  summary = "Run the migrations behind an earlier release's states once more: on a copy of the site, of which nothing remains, or on the site itself.",
  params = {
    from = { type = "release", required = true, help = "the release whose final states are set" },
    live = { type = "boolean", help = "on the site itself, with a backup before" },
  },
  help = "On a copy it tells whether the migrations run, and what they log; the site goes on meanwhile, and is not touched.",

  run = function(p)
    local app = umbraco.inspect()
    local set_back = states.release(p.from)

    gates(function()
      gate.older(app.version, p.from)
      gate.operation_is_described(app)
      gate.release_is_in_the_table(p.from)
      gate.release_is_in_the_table(app.version)
      gate.states_fit_the_release(app)
      gate.nobody_migrates(app)
      gate.never_installs(app)
      gate.database_is_whole(app)
      if app.container then gate.container_runs_its_image(app) end
      gate.free_space(".", umbraco.space_needed(app))
      if p.live then
        gate.boot_migrates(app)
      else
        gate("it can be tried on a copy", trial.obstacle(app) == nil, trial.obstacle(app), "mend that; or say --live, better after a backup")
      end
    end)
    gates(function()
      local why = states.refusal(set_back.core, set_back.pre, p.from, app.version)
      gate(app.version .. " goes on from the states of " .. p.from, why == nil, why)
      if not why and p.live then
        for _, step in ipairs(states.one_way(states.pending(set_back.core, set_back.pre, app.version).core)) do gate.may_be_gone_back_over(app, step) end
      end
    end)
    local rows = ways.rows(app.states, p.from)
    if not p.live then return step("Run them again on a copy", function() trial.boot(app, app.version, { rows = rows }) end) end
    local logs = umbraco.log_sizes(app)

    downtime(function()
      local present = step("Back up", function() return umbraco.back_up(app, "before migrations are run again from " .. p.from) end)
      way_back(umbraco.restore, app, present)

      step("Run them again", function()
        database.swap(app.database, rows)
        umbraco.start(app)
        umbraco.wait_ready(app, app.version)
      end)

      step("Verify", function()
        expect.states_fit_the_release(app, app.version)
        expect.pages_come(app)
        expect.log_tells_of_no_failure(app, logs)
        expect.database_is_whole(app)
      end)
    end)
  end,
}
