-- Back to an older release: its image alone where the database is in its state all the same, else a backup set, database before image. The vendor's page pins
-- the older version and restarts. `playbook rollback RUN` takes back one run and needs neither.
local playbook, sets, appstrate, ways = require "playbook", require "sets", require "appstrate", require "appstrate.ways"

return playbook.define {
  name = "appstrate/rollback",
  summary = "Bring a self-hosted Appstrate (compose, PostgreSQL) back to an older release, by the way that is proved to end there.",
  params = {
    to = { type = "release", required = true, help = "the release to go back to; a backup set of it is named by --set" },
    set = { help = "restore this backup set, and look for no other way: its name, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    snapshot = { help = 'of the bucket as it is now, taken elsewhere: "ID TIME HOW TO BRING IT BACK"; then its objects are not backed up' },
    token = { type = "path", help = "file with what the header Authorization says, such as `Bearer ...`: real addresses are asked, after" },
    organization = { help = "the organization that the token is of" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },
  help = [[The plan says which way is taken, and why: the image alone, where the database holds exactly the migrations of the older release; else the newest
backup set of that release, or the one that is named. Where the older image was put back by hand over newer tables, this brings the database back to it.]],

  run = function(p)
    local app = appstrate.deployment(p, p.snapshot)
    local target, access = appstrate.release(app, p.to), appstrate.access(p)

    gates(function()
      gate.not_newer(app, target)
      gate.database_is_the_servers(app)
      gate.images_can_be_had(target.images)
      gate.queue_is_kept(app)
      gate.free_space(app.state)
    end)
    step("Fetch images", function() image.pull(target.images) end)

    local way = ways.choose(app, target, p)
    gates(function() gate("there is a way back to " .. target.version, way.kind ~= nil, way.why, "name a backup set of it with --set") end)
    log.info("way back: " .. way.kind .. ": " .. way.why)
    if way.kind == "restore" then sets.agree(sets.question(way.set, nil, p.identity)) end

    local opened = keys.verify(app.keyrings, { set = way.set, identity = p.identity })

    downtime(function()
      local present = step("Back up the present", function() return appstrate.back_up(app) end)
      way_back(appstrate.restore, app, present)

      step("Go back", function()
        if way.kind == "image" then
          dotenv.set(app.env_file, "APPSTRATE_VERSION", target.tag, { public = true, once = true })
        else
          appstrate.restore(app, way.set, { identity = p.identity })
        end
        compose.up(app.project, { services = appstrate.services(app), images = { [app.service] = target.image } })
        appstrate.wait_ready(app, target)
      end)

      step("Verify", function()
        expect.images(app, target)
        expect.migrations(app, target)
        if way.kind == "image" then expect.rows_kept(app.database, present, appstrate.KEPT) end
        expect.keys_open_stored_secrets(app, opened)
        expect.healthy(app)
        if access then expect.token_is_taken(appstrate.probe(app, access)) end
        expect.quiet_log(app)
      end)
    end)
  end,
}
