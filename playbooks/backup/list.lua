local playbook = require "playbook"

return playbook.define {
  name = "backup/list",
  summary = "List the backup sets of an instance: what is proven of them, and which run needs them.",
  params = { folder = { type = "path", help = "folder of the sets (default: backups in the state folder)" } },

  run = function(p) return (backup.list { to = p.folder }) end,
}
