-- Goes back to a backup set, whatever came after it. `playbook rollback RUN` takes back one run and needs no set to be named.
local playbook, sets, appstrate = require "playbook", require "sets", require "appstrate"

return playbook.define {
  name = "appstrate/rollback",
  summary = "Bring a self-hosted Appstrate back to what a backup set holds: database, settings and release.",
  params = {
    to = { type = "path", required = true, help = "the backup set, as `playbook backup list` names it" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    snapshot = { help = 'of the bucket as it is now, taken elsewhere: "ID TIME HOW TO BRING IT BACK"; then its objects are not backed up' },
    token = { type = "path", help = "file with what the header Authorization says, such as `Bearer ...`: real addresses are asked, before and after" },
    organization = { help = "the organization that the token is of" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local app = appstrate.deployment(p, p.snapshot)
    local set = backup.verify(p.to, { identity = p.identity })
    gates(function() gate("the set is of an Appstrate", set.application == "appstrate", set.name .. " is of " .. tostring(set.application)) end)

    local old, access = appstrate.release(app, set.version), appstrate.access(p)
    gates(function()
      gate.images_can_be_had(old.images)
      gate.free_space(app.state)
    end)
    sets.agree(sets.question(set, nil, p.identity))

    step("Fetch images", function() image.pull(old.images) end)
    local opened = keys.verify(app.keyrings, { set = set, identity = p.identity })

    downtime(function()
      local present = step("Back up the present", function() return appstrate.back_up(app) end)
      way_back(appstrate.restore, app, present)

      step("Go back", function()
        appstrate.restore(app, set, { identity = p.identity })
        compose.up(app.project, { services = appstrate.services(app), images = { [app.service] = old.image } })
        appstrate.wait_ready(app, old)
      end)

      step("Verify", function()
        expect.images(app, old)
        expect.migrations(app, old)
        expect.keys_open_stored_secrets(app, opened)
        expect.healthy(app)
        if access then expect.token_is_taken(appstrate.probe(app, access)) end
        expect.quiet_log(app)
      end)
    end)
  end,
}
