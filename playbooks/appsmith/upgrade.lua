-- The vendor's page names checkpoints; an operator who jumps over one has a server that stops after it has changed the data. Here all hops are one run: each
-- is proved to be finished before the next, and whatever fails, the state of before the first one comes back whole.
local playbook, preflights, stores = require "playbook", require "preflights", require "stores"
local appsmith, hops, archive = require "appsmith", require "appsmith.hops", require "appsmith.archive"
require "appsmith.diagnosis"

--- The state of this instance, with a snapshot that the operator vouches for in the place of its database elsewhere.
local function state_of(app, snapshot)
  return snapshot and not app.embedded and { app.state[1], app.state[2], stores.snapshot(snapshot, "mongodb") } or app.state
end

return playbook.define {
  name = "appsmith/upgrade",
  summary = "Upgrade a self-hosted Appsmith (compose) to a pinned release, through the checkpoints on the way.",
  params = {
    to = { type = "release", required = true, help = "such as 2.1" },
    stay_at_checkpoint = { type = "boolean", help = "where a later hop fails, stay at the last release that was proved; each hop is backed up" },
    vendor_archive = { type = "path", help = "a folder: an archive of `appsmithctl backup` is taken too, before anything, and copied there" },
    snapshot = { help = 'of a database elsewhere, taken by you: "ID TIME HOW TO BRING IT BACK"; then it is not backed up' },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },
  help = "A hop of which the data is not sure wants --accept unsure. It stands still from the first hop to the last: its folder is copied cold.",

  run = function(p)
    local app = appsmith.inspect(p)
    local path = appsmith.path(app, p.to)
    local releases, state = hops.of(app, path), state_of(app, p.snapshot)
    local images = {}
    for i, release in ipairs(releases) do images[i] = release.image end

    gates(function()
      gate.newer(app.version, p.to)
      gate.appsmith_is_pinned(app)
      gate.database_can_be_backed_up(app, p.snapshot)
      gate.path_is_sure(path)
      gate.appsmith_is_well(app)
      gate.migrations_are_whole(app)
      gate.not_downgraded(app)
      gate.both_keys_are_set(app)
      gate.docker_env_is_data(app, p.to)
      gate.no_checkpoint_is_passed_over(app)
      gate.git_storage_is_saved(app)
      gate.stacks_keep_permissions(app)
      gate.mongodb_elsewhere_serves(app, p.to)
      gate.keys_open_stored_secrets(app)
      gate.processor_has_avx(app, p.to)
      gate.pages_are_small()
      gate.edition_may_open_it(app, p.to)
      gate.images_can_be_had(images)
      if releases[1] then gate.mongodb_opens_the_data(app, releases[1].version) end
      gate.free_space(state, { rehearse = false })
      preflights.ask(app, images)
    end)

    local before, opened, record = appsmith.facts(app), keys.verify(app.keyrings), hops.record(app)
    step("Fetch images", function() hops.fetch(releases) end)
    hops.tell(path)
    if p.vendor_archive then
      step("Take the vendor's archive", function()
        log.info("copied to " .. archive.take(app, p.vendor_archive))
        appsmith.wait_ready(app)
      end)
    end

    local stayed
    downtime(function()
      local function back_up(at) return backup.create(state, { app = "appsmith", version = at.version, keyrings = at.keyrings }) end
      local saved = step("Back up", function() return back_up(app) end)
      way_back(appsmith.restore, app, saved)
      hops.make_openable(app, before, releases[1])
      stayed = hops.climb(app, releases, { before = before, opened = opened, back_up = p.stay_at_checkpoint and back_up or nil })
    end)
    hops.tell_changes(app, record)
    if stayed then playbook.stayed(stayed.version, stayed.why) end
    return stayed
  end,
}
