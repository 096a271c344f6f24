-- The vendor's page names checkpoints; an operator who jumps over one has a server that stops after it has changed the data. Here all hops are one run: each
-- is proved to be finished before the next, and whatever fails, the folder of before the first one comes back whole.
local playbook, appsmith = require "playbook", require "appsmith"

return playbook.define {
  name = "appsmith/upgrade",
  summary = "Upgrade a self-hosted Appsmith (compose, embedded MongoDB) to a pinned release, through the checkpoints on the way.",
  params = {
    to = { type = "release", required = true, help = "such as 2.1" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },
  help = "A hop of which the data is not sure wants --accept unsure. It stands still from the first hop to the last: its folder is copied cold.",

  run = function(p)
    local app = appsmith.inspect(p)
    local path = appsmith.path(app, p.to)
    local hops = {}
    for i, hop in ipairs(path.hops or {}) do hops[i] = appsmith.release(app, hop.to) end

    gates(function()
      gate.newer(app.version, p.to)
      gate.appsmith_is_pinned(app)
      gate.database_is_embedded(app)
      gate.path_is_sure(path)
      gate.no_auto_updaters()
      gate.appsmith_is_well(app)
      gate.migrations_are_whole(app)
      gate.both_keys_are_set(app)
      gate.keys_open_stored_secrets(app)
      gate.processor_has_avx(app, p.to)
      gate.edition_may_open_it(app, p.to)
      for i, release in ipairs(hops) do
        gate.images_can_be_had { release.image }
        if i == 1 then gate.mongodb_opens_the_data(app, release.version) end
      end
      gate.free_space(app.state, { rehearse = false })
    end)

    step("Fetch images", function()
      for _, release in ipairs(hops) do image.pull { release.image } end
    end)
    local before, opened = appsmith.facts(app), keys.verify(app.keyrings)
    for i, hop in ipairs(path.hops) do
      local reason = hop.reasons[1]
      log.info(("hop %d of %d: %s -> %s%s"):format(i, #path.hops, hop.from, hop.to, reason and ", for " .. reason.why or ""))
    end

    downtime(function()
      local saved = step("Back up", function() return backup.create(app.state, { app = "appsmith", version = app.version, keyrings = app.keyrings }) end)
      way_back(appsmith.restore, app, saved)

      for i, release in ipairs(hops) do
        step("Upgrade to " .. release.version, function()
          if i > 1 then appsmith.stop_writers(app) end
          image.pin(app.project, { [app.service] = release.image })
          compose.up(app.project, { services = { app.service } })
          appsmith.wait_finished(app, release)
        end)
      end

      step("Verify", function()
        expect.nothing_is_missing(app, before)
        expect.keys_open_stored_secrets(appsmith.as_it_is(app), opened)
      end)
    end)
  end,
}
