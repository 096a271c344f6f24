-- Tier 0 has no compose file: the service and the commands that bring a release here are the operator's, and its database is a folder that is copied cold.
local playbook, composed = require "playbook", require "composed"
local appstrate, checkout = require "appstrate", require "appstrate.checkout"

return playbook.define {
  name = "appstrate/upgrade-tier0",
  summary = "Upgrade an Appstrate that runs from a checkout of its source (PGlite, no compose) to a release.",
  params = { to = { type = "release", required = true, help = "such as 1.0.0-beta.51" } },

  run = function(p)
    local app, target = checkout.inspect(), { version = composed.bare(p.to) }
    local path = appstrate.path(app, target.version)

    gates(function()
      gate.operator_said_how(app)
      gate.newer(app.version, target.version)
      gate.release_is_known(target)
      gate.checkout_is_well(app)
      gate.path_is_sure(path)
      gate.engine_opens_the_store(app, target.version)
      gate.breaking_changes_accepted(app, target)
      gate.free_space(app.state)
    end)

    downtime(function()
      local saved = step("Back up", function() return checkout.back_up(app) end)
      way_back(checkout.restore, app, saved)
      local opened = keys.verify(app.keyrings, { set = saved })
      expect("no key is wrong", opened.verdict ~= "mismatch", opened.text)

      step("Upgrade", function()
        checkout.fetch(app, target.version)
        checkout.start(app)
        checkout.wait_ready(app)
      end)

      step("Verify", function()
        expect.release_is_checked_out(target.version)
        expect.keys_match(app, saved)
      end)
    end)
  end,
}
