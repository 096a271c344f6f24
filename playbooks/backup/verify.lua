local playbook = require "playbook"

return playbook.define {
  name = "backup/verify",
  summary = "Read a backup set back, every byte of it, and note in it that it is good.",
  params = {
    set = { required = true, help = "name of a set, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set" },
  },

  run = function(p) return (backup.verify(p.set, { attest = true, identity = p.identity })) end,
}
