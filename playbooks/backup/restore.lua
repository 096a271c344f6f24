-- Brings back what a set holds, whatever came after it. The present is backed up first, so that this way has a way back too. `playbook rollback RUN`
-- takes back one run and needs no set to be named.
local playbook, families, instances, sets = require "playbook", require "families", require "instances", require "sets"

--- The instance with the state of that version, which is there now: a set of another instance brought other settings.
local function as_of(family, app, version)
  if family.as_of then return family.as_of(app, version) end
  return instances.with(app, { version = version })
end

return playbook.define {
  name = "backup/restore",
  summary = "Bring an instance back to what a backup set holds; what is replaced is backed up, and kept beside too.",
  params = {
    set = { required = true, help = "name of a set, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  help = "A set of another instance (copied from another machine, say) is restored here with --accept moved.",

  run = function(p)
    local family, app = families.here(p)
    local set = backup.verify(p.set, { identity = p.identity })

    gates(function()
      gate("the set is of this application", set.application == app.module, set.name .. " is of " .. set.application .. ", here is " .. app.module)
      gate("the set is of this instance", not set.moved or playbook.accepted "moved", set.name .. " is of " .. set.instance, "--accept moved restores it here")
    end)
    sets.agree(sets.question(set, set.name, p.identity))

    downtime(function()
      local present = step("Back up the present", function()
        return backup.create(app.state, { app = app.module, version = app.version, note = "before the restore of " .. set.name })
      end)
      way_back(family.restore, app, present)

      local old = step("Restore", function()
        family.restore(app, set, { moved = true, identity = p.identity })
        local restored = as_of(family, app, set.version)
        family.start(restored)
        return restored
      end)
      if family.verify then step("Verify", function() return family.verify(old) end) end
    end)
    return set
  end,
}
