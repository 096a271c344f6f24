-- The vendor's chain of long-term releases, one hop at a time, and what the documentation leaves out: a new build must never meet a database that it does
-- not know, for it migrates before it refuses; success is the two final states, byte for byte, and not a status of 200.
local playbook, umbraco, trial = require "playbook", require "umbraco", require "umbraco.trial"

return playbook.define {
  name = "umbraco/upgrade",
  summary = "Upgrade a self-built Umbraco site to a release: tried on a copy, then project, build, boot, proof by its migration states.",
  params = {
    to = { type = "release", required = true, help = "such as 17.5.2" },
    published = { type = "path", help = "where a site is a published folder: that of the release, published elsewhere" },
  },
  help = "How the site is built and started stands in playbook.json beside the project: service, url, build, output, run.\n"
    .. "--accept NAME: a package's migration state, by its name; content, where an editor was replaced by another; untried, where the new build cannot be\n"
    .. "booted on a copy first; older-patch, of a release that is known to lose content; media, where a store elsewhere holds it; unknown-release, for one\n"
    .. "that the table of states does not know: its states are then learned on the copy.",

  run = function(p)
    local app = umbraco.with_program(umbraco.inspect(), p.published)
    local path = umbraco.path(app, p.to)

    gates(function()
      gate.newer(app.version, p.to)
      gate.one_release_is_referenced(app)
      gate.operation_is_described(app)
      gate.path_is_sure(path)
      gate.one_hop(path)
      gate.final_states_can_be_known(app, p.to)
      gate.program_is_of_the_release(app, p.to)
      gate.new_build_can_be_tried(app)
      gate.states_fit_the_release(app)
      gate.release_goes_on_from_these_states(app, p.to)
      gate.packages_are_accepted(app)
      gate.framework_fits(app, p.to)
      gate.runtime_is_installed(app, p.to)
      gate.boot_migrates(app)
      gate.never_installs(app)
      gate.connection_lasts(app)
      gate.address_does_not_lead_away(app, p.to)
      gate.patch_keeps_content(app, p.to)
      gate.nobody_migrates(app)
      gate.site_runs(app)
      gate.database_is_whole(app)
      gate.key_ring_is_kept(app.key_ring)
      gate.media_is_here(app)
      umbraco.ask_container(app)
      gate.free_space(".", umbraco.space_needed(app))
    end)
    step("Rehearse on a copy", function() umbraco.rehearse(app, p.to) end)
    local learned = not trial.obstacle(app) and step("Try the new build on a copy", function() return trial.boot(app, p.to) end) or nil
    local content, logs, image_before = umbraco.content(app.database), umbraco.log_sizes(app), umbraco.image(app)

    downtime(function()
      local saved = step("Back up", function() return umbraco.back_up(app) end)
      way_back(umbraco.restore, app, saved)

      step("Upgrade", function()
        umbraco.reference(app, p.to)
        umbraco.build(app)
        umbraco.purge_caches(app)
        umbraco.start(app)
        umbraco.wait_ready(app, p.to)
      end)

      step("Verify", function()
        expect.build_is_of_the_release(app, p.to, image_before)
        expect.states_fit_the_release(app, p.to, learned)
        expect.pages_come(app)
        expect.log_tells_of_no_failure(app, logs)
        expect.content_is_kept(app, content)
        expect.database_is_whole(app)
        expect.keys_match(app, saved)
        expect.key_ring_is_kept(app.key_ring, app.ring)
      end)
    end)
  end,
}
