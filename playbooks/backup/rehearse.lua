local playbook = require "playbook"

return playbook.define {
  name = "backup/rehearse",
  summary = "Restore a backup set into scratch, compare it with what was backed up, and note in it that this works.",
  params = {
    set = { required = true, help = "name of a set, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set" },
  },

  run = function(p)
    return step("Rehearse", function() return backup.rehearse(p.set, { identity = p.identity }) end)
  end,
}
