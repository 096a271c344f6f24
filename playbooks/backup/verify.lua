local playbook = require "playbook"

return playbook.define {
  name = "backup/verify",
  summary = "Read a backup set back, every byte of it, and note in it that it is good.",
  params = { set = { required = true, help = "name of a set, a part of it, or its folder" } },

  run = function(p) return (backup.verify(p.set, { attest = true })) end,
}
