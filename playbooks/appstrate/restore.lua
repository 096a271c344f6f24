-- Database before image, always: an older server over newer tables says that it is well, and answers 500 at some of its addresses.
local playbook, restores, sets = require "playbook", require "restores", require "sets"

return playbook.define {
  name = "appstrate/restore",
  summary = "Bring an Appstrate back to what a backup set of one holds; or make it anew of the set, where nothing is (tiers 1 to 3).",
  params = sets.RESTORING,
  help = [[Everything in the set comes back, with the server stopped: database, files, objects and Redis, then .env and the compose files; only then does the
release of the set start, and is proved. Of a bucket that a provider's snapshot vouches for, and of a Redis outside of the project, it says that they stay as
they are. The present is backed up first. A tier 0 is cloned and started by hand before, for a set holds no checkout.]],

  run = function(p) return (restores.run(p, "appstrate")) end,
}
