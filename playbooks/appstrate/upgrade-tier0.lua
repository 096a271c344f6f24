-- Tier 0 has no compose file: the service and the commands that bring a release here are the operator's, and its database is a folder that is copied cold.
local playbook, composed = require "playbook", require "composed"
local appstrate, checkout, crossing = require "appstrate", require "appstrate.checkout", require "appstrate.crossing"

return playbook.define {
  name = "appstrate/upgrade-tier0",
  summary = "Upgrade an Appstrate that runs from a checkout of its source (PGlite, no compose) to a release.",
  params = {
    to = { type = "release", required = true, help = "such as 1.0.0-beta.51" },
    engines = { type = "path", help = "where the release has another PostgreSQL: folder with npm's packages of both in 17 and 18; fetched when not given" },
  },
  help = [[A playbook.json beside the checkout says how the server is stopped, started and asked, and which commands bring a release here. Backed up, with the
server proved to be stopped: the PGlite folder, the files, .env and playbook.json. Where the release has PostgreSQL 18 and the database is of 17, it is carried
over by node and npm's packages of both, and compared row by row. The way back brings the release and the folders back as they were.]],

  run = function(p)
    local app, target = checkout.inspect(), { version = composed.bare(p.to) }
    local path, engine = appstrate.path(app, target.version), crossing.engine(target.version)
    local crosses = engine ~= app.engine

    gates(function()
      gate.operator_said_how(app)
      gate.newer(app.version, target.version)
      gate.release_is_known(target)
      gate.checkout_is_well(app)
      gate.path_is_sure(path)
      gate.settings_reach_the_app(app, target)
      gate.engine_opens_the_store(app, target.version, p.engines)
      gate.breaking_changes_accepted(app, target)
      gate.free_space(app.state, { sets = crosses and 2 or 1 })
    end)
    if crosses then step("Fetch both engines", function() crossing.fetch(p.engines) end) end

    downtime(function()
      local saved = step("Back up", function() return checkout.back_up(app) end)
      way_back(checkout.restore, app, saved)
      local opened = keys.verify(app.keyrings, { set = saved })
      expect("no key is wrong", opened.verdict ~= "mismatch", opened.text)

      if crosses then
        step("Carry the database over to PostgreSQL " .. engine, function() crossing.carry(app.folder, app.engine, engine, p.engines) end)
      end
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
