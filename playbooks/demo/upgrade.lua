-- What a person would do: ask whether it can be done, stop the shop, keep a copy, change the release, start it, look whether all is there.
local playbook, demo = require "playbook", require "demo"

return playbook.define {
  name = "demo/upgrade",
  summary = "Upgrade the demo shop to another release.",
  params = { to = { type = "release", required = true, help = "such as 1.1" } },

  run = function(p)
    local app = demo.inspect()
    local target = demo.release(p.to)

    gates(function()
      gate.known_release(target)
      gate.newer(app.version, target.version)
      gate.shop_answers(app)
      gate.secret_is_set(app)
      gate.database_is_sound(app)
      gate.free_space(".", demo.space_needed(app))
    end)

    downtime(function()
      local saved = step("Back up", function() return backup.create(app.state, { app = "demo", version = app.version }) end)
      way_back(demo.restore, app, saved)

      step("Upgrade", function()
        dotenv.set(app.env_file, "DEMO_VERSION", target.version, { public = true })
        service.start(app.service)
        demo.wait_ready(app, target.version)
      end)

      step("Verify", function()
        expect.schema(app, target)
        expect.orders_kept(app, saved)
        expect.database_is_sound(app)
      end)
    end)
  end,
}
