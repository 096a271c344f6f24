-- Back to an older release, by the way that is proved to end there: the image alone, the vendor's command, or a backup set. The vendor's page knows the
-- first two and says of neither when it fails; the present is backed up in any case.
local playbook, sets, activepieces, ways = require "playbook", require "sets", require "activepieces", require "activepieces.ways"

return playbook.define {
  name = "activepieces/rollback",
  summary = "Bring a self-hosted Activepieces back to an older release, by the way that is proved to end there.",
  params = {
    to = { type = "release", required = true, help = "the release to go back to; a backup set of it is named by --set" },
    set = { help = "restore this backup set, and look for no other way: its name, a part of it, or its folder" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    snapshot = { help = 'of the bucket as it is now, taken elsewhere: "ID TIME HOW TO BRING IT BACK"; then its objects are not backed up' },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },
  help = [[The plan says which way is taken, and why no other: the image alone, where both releases have the same migrations; the vendor's own command, where
it is certain beforehand to undo just what the newer release added; else the newest backup set of the release, or the one that is named.]],

  run = function(p)
    local app = activepieces.inspect(p, p.snapshot)
    local target = activepieces.release(app, p.to)

    gates(function()
      gate.older(app.version, target.version)
      gate.images_can_be_had(target.images)
      gate.queues_are_idle(app)
      gate.queue_is_kept(app)
      gate.free_space(app.state)
    end)
    step("Fetch images", function() image.pull(target.images) end)

    local way = ways.choose(app, target, p)
    gates(function() gate("there is a way back to " .. target.version, way.kind ~= nil, way.why, "name a backup set of it with --set") end)
    log.info("way back: " .. way.kind .. ": " .. way.why)
    if way.kind == "restore" then sets.agree(sets.question(way.set, nil, p.identity)) end

    local opened = keys.verify(app.keyrings, { set = way.kind == "restore" and way.set or nil, identity = p.identity })

    downtime(function()
      local present = step("Back up the present", function() return activepieces.back_up(app) end)
      way_back(activepieces.restore, app, present)

      step("Go back", function()
        local done = way.kind == "image" or way.kind == "command" and ways.run_command(app, activepieces.manifest(target))
        if done then
          activepieces.pin(app, target.image) -- before any start: the newer image would migrate up again
        else
          expect("there is a backup set to restore", way.set ~= nil, "the vendor's command did not undo what it said it would, and there is no set of " .. target.version)
          if way.kind == "command" then opened = keys.verify(app.keyrings, { set = way.set, identity = p.identity }) end -- which holds what it held then
          activepieces.restore(app, way.set, { identity = p.identity })
        end
        activepieces.start(app, target)
      end)

      step("Verify", function()
        expect.runs_release(app, target)
        if app.database.pglite then return expect.keys_match(app, way.set) end
        expect.rows_of_release(app, target)
        expect.keys_open_stored_secrets(app, opened)
      end)
    end)
  end,
}
