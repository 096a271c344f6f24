-- The vendor's page drops the database before anything is proved; here it comes back beside the one that is there, is compared, and then takes its place.
local playbook, restores, sets = require "playbook", require "restores", require "sets"

return playbook.define {
  name = "activepieces/restore",
  summary = "Bring an Activepieces back to what a backup set of one holds; or make it anew of the set, where nothing is.",
  params = sets.RESTORING,
  help = [[Database, compose files and .env, what is mounted into the server, Redis and the bucket come back as they were, with the server and its workers
stopped; the image of the set starts only then, and is proved: its migrations, its own word, the key. The present is backed up first.]],

  run = function(p) return (restores.run(p, "activepieces")) end,
}
