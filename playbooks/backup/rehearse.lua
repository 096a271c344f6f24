local playbook = require "playbook"

return playbook.define {
  name = "backup/rehearse",
  summary = "Restore a backup set into scratch, compare it with what was backed up, and note in it that this works.",
  params = { set = { required = true, help = "name of a set, a part of it, or its folder" } },

  run = function(p)
    return step("Rehearse", function() return backup.rehearse(p.set) end)
  end,
}
