-- The vendor's pages dump the database from a port that its compose files do not publish, and save neither files nor objects nor jobs.
local playbook, sets, appstrate = require "playbook", require "sets", require "appstrate"

return playbook.define {
  name = "appstrate/backup",
  summary = "Back up an Appstrate of any tier that is proved to be whole, with its keys' fingerprints; what cannot be copied while it runs, cold.",
  params = sets.MAKING,
  help = [[Into one set go, by tier: 0: the PGlite folder and the files, with the server stopped; 1: PostgreSQL, the volume of files, .env and compose files;
2: Redis too; 3: MinIO's volume, or the objects of the bucket. What it asks first: that what is pinned runs, that the database is in the state of that release,
and that the keys open what is stored. `playbook backup create` asks none of that.]],

  run = function(p)
    local app = appstrate.inspect(p)
    local family, is_checkout = require(app.module), app.module ~= "appstrate"
    gates(function()
      if is_checkout then
        gate.operator_said_how(app)
      else
        gate.pinned(app)
        gate.versions_agree(app)
        gate.database_is_the_servers(app)
        gate.database_fits(app)
        gate.keys_open_stored_secrets(app)
        gate.queue_is_kept(app)
      end
      sets.demand_room(app, p)
    end)

    return sets.make(app, p, is_checkout or #app.still > 0, function()
      family.start(app)
      family.wait_ready(app, { version = app.version, image = app.image })
    end)
  end,
}
