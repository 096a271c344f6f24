local playbook = require "playbook"

return playbook.define {
  name = "backup/prune",
  summary = "Remove old backup sets; never the last good one, the last rehearsed one, or one that a run may still restore.",
  params = {
    keep = { type = "integer", help = "how many of the newest sets stay" },
    younger_than = { type = "duration", help = "sets younger than this stay, such as 720h" },
    folder = { type = "path", help = "folder of the sets (default: backups in the state folder)" },
  },

  run = function(p)
    return step("Prune", function() return backup.prune { keep = p.keep, younger_than = p.younger_than, to = p.folder } end)
  end,
}
