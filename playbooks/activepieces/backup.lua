-- The vendor's pages save the database alone: by pg_dump, or by a copy of `pglite/` without the keys beside it.
local playbook, sets, activepieces = require "playbook", require "sets", require "activepieces"

return playbook.define {
  name = "activepieces/backup",
  summary = "Back up an Activepieces that is proved to be whole, with its keys' fingerprints; PGlite cold, the rest while it runs.",
  params = sets.MAKING,
  help = [[Into one set go: the database (PostgreSQL by pg_dump from one snapshot, PGlite as a folder with nobody at work in it), the compose files and .env,
what is mounted into the server but its cache (with AP_CONFIG_PATH, so settings.json with the key that a server without AP_ENCRYPTION_KEY made for itself),
the bucket of AP_S3_BUCKET, and Redis. What it asks first: that one release runs and the database is in its state, so that the set can be started again, and
that the key opens the stored connections, without which it were worth little. `playbook backup create` asks none of that.]],

  run = function(p)
    local app = activepieces.inspect(p)
    local cold = app.database.pglite ~= nil or #app.still > 0
    gates(function()
      gate.one_tag_for_all(app)
      gate.release_agrees(app)
      if not app.database.pglite then
        gate.rows_of_release(app)
        gate.keys_open_stored_secrets(app)
      end
      gate.queue_is_kept(app)
      sets.demand_room(app, p)
    end)

    return sets.make(app, p, cold, function() activepieces.start(app) end)
  end,
}
