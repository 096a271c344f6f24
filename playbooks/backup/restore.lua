-- `playbook rollback RUN` takes back one run and needs no set to be named.
local playbook, restores, sets = require "playbook", require "restores", require "sets"

return playbook.define {
  name = "backup/restore",
  summary = "Bring an instance back to what a backup set holds; what is replaced is backed up, and kept beside too.",
  params = sets.RESTORING,

  help = [[A set of another instance (copied from another machine, say) is restored here with --accept moved. Where no application is, the set's own
is made anew: its files, then its volumes and its database, then it is started and verified.]],

  run = function(p) return (restores.run(p)) end,
}
