-- Never by the tag alone: the newer release has changed the data, and MongoDB's files with it. The folder of a backup set comes back whole, with its keys.
local playbook, sets, appsmith = require "playbook", require "sets", require "appsmith"

return playbook.define {
  name = "appsmith/rollback",
  summary = "Bring a self-hosted Appsmith back to what a backup set holds: stacks, settings, keys and release.",
  params = {
    to = { required = true, help = "the backup set, as `playbook backup list` names it: its name, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local app = appsmith.inspect(p)
    local set = backup.verify(p.to, { identity = p.identity })
    local old = appsmith.as_of(app, set.version)

    gates(function()
      gate("the set is of an Appsmith", set.application == "appsmith", set.name .. " is of " .. tostring(set.application))
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
