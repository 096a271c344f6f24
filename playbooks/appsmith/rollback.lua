-- Never by the tag alone: the newer release has changed the data, and MongoDB's files with it. The folder of a backup set comes back whole, with its keys.
local playbook, composed, sets, appsmith = require "playbook", require "composed", require "sets", require "appsmith"

return playbook.define {
  name = "appsmith/rollback",
  summary = "Bring a self-hosted Appsmith back to what a backup set holds: stacks, settings, keys and release.",
  params = {
    to = { type = "release", required = true, help = "the release to go back to; a backup set of it is named by --set" },
    set = { help = "this backup set, and not the newest of the release: its name, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local app = appsmith.inspect(p)
    local set = sets.of_release(app, composed.bare(p.to), p.set, p.identity)
    gates(function() gate("there is a backup set of " .. p.to, set ~= nil, "none is here", "`playbook backup list` shows them; name one with --set") end)
    local old = appsmith.as_of(app, set.version)

    gates(function()
      gate.images_can_be_had { old.image }
      gate.free_space(app.state, { rehearse = false })
    end)
    sets.agree(sets.question(set, nil, p.identity))
    step("Fetch images", function() image.pull { old.image } end)

    downtime(function()
      local present = step("Back up the present", function() return backup.create(app.state, { app = "appsmith", version = app.version }) end)
      way_back(appsmith.restore, app, present)

      step("Go back", function()
        backup.restore(set, { identity = p.identity })
        old = appsmith.as_of(app, set.version)
        appsmith.start(old)
      end)
      step("Verify", function() appsmith.verify(old) end)
    end)
  end,
}
