-- From the community to the business edition, which runs on its free plan too. The vendor's page has people do it with a tag that is empty or floating, who
-- then meet "unauthorized" after they have stopped; here the image is asked for before anything. There is no way back but the backup: the business edition
-- writes migrations of its own, and the community edition refuses such a database from 2.2 on.
local playbook, appsmith, composed, instances = require "playbook", require "appsmith", require "composed", require "instances"

playbook.check {
  name = "business_image_can_be_had",
  title = "the image of the business edition can be had",
  override = false,
  run = function(ref)
    if image.present(ref) then return true end
    local found = image.resolve(ref)
    if found.digest then return true end
    local hints = {
      ["no such tag"] = "the business edition has no release of this name; upgrade to one that both have",
      unauthorized = "the registry wants a login, or lets nobody in: `docker login`; the tag is not at fault, for it names a release",
    }
    return false, ref .. ": " .. found.missing, hints[found.missing] or "look at the registry"
  end,
}

return playbook.define {
  name = "appsmith/switch-edition",
  summary = "Switch an Appsmith from the community to the business edition, in the release that runs.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },
  help = "One way for the database: wants --accept one-way. The way back is the backup that it makes.",

  run = function(p)
    local app = appsmith.inspect(p)
    local name = composed.without_tag(app.image):gsub("appsmith%-ce$", "appsmith-ee")
    local business = instances.with(app, { image = name .. ":v" .. app.version, edition = "business" })
    local release = appsmith.release(business, app.version)

    gates(function()
      gate("it is of the community edition", app.edition == "community", app.image .. " is of the business edition already")
      gate.appsmith_is_pinned(app)
      gate.business_image_can_be_had(business.image)
      gate(
        "one way for the database is accepted",
        playbook.accepted "one-way",
        "the business edition changes the database, and the community edition refuses it from 2.2 on; back leads a backup alone",
        "accept it with --accept one-way"
      )
      gate.database_can_be_backed_up(app)
      gate.git_storage_is_saved(app)
      gate.mongodb_elsewhere_serves(app, app.version)
      gate.no_checkpoint_is_passed_over(app)
      gate.stacks_keep_permissions(app)
      gate.no_auto_updaters()
      gate.appsmith_is_well(app)
      gate.migrations_are_whole(app)
      gate.both_keys_are_set(app)
      gate.keys_open_stored_secrets(app)
      gate.free_space(app.state, { rehearse = false })
    end)
    local before, opened = appsmith.facts(app), keys.verify(app.keyrings)
    step("Fetch the image", function() image.pull { release.image } end)

    downtime(function()
      local saved = step("Back up", function()
        return backup.create(app.state, { app = "appsmith", version = app.version, keyrings = app.keyrings, note = "before the business edition" })
      end)
      way_back(appsmith.restore, app, saved)
      step("Switch", function()
        image.pin(app.project, { [app.service] = release.image })
        compose.up(app.project, { services = { app.service } })
        appsmith.wait_finished(app, release)
      end)
      step("Verify", function()
        expect.nothing_is_missing(app, before)
        expect.keys_open_stored_secrets(appsmith.as_it_is(app), opened)
      end)
    end)
  end,
}
