-- The vendor: "downgrades are not strictly supported"; one reads the source for a state and writes it by hand. Here, in this order: the build alone where
-- both states are equal; a backup of that release; the states written by force, only when that is asked for by name.
local playbook, sets, umbraco = require "playbook", require "sets", require "umbraco"
local database, ways, trial = require "umbraco.database", require "umbraco.ways", require "umbraco.trial"

return playbook.define {
  name = "umbraco/downgrade",
  summary = "Bring an Umbraco site back to an older release, by the way that is proved: build alone, backup, or by force its states.",
  params = {
    to = { type = "release", required = true, help = "the release to go back to" },
    set = { help = "restore this backup set, and look for no other way: its name, a part of it, or its folder" },
    published = { type = "path", help = "where a site is a published folder: that of the release, published elsewhere; a backup set brings its own" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    force_states = { type = "boolean", help = "write the older release's states into a database that newer migrations have changed" },
  },
  help = "--force-states keeps what the newer migrations did to the data: the older release may not understand it. Migrations that cannot be gone back over\n"
    .. "are named and want --accept one-way; that of the dates also wants Umbraco:CMS:SystemDateMigration:Enabled=false in appsettings.",

  run = function(p)
    local app = umbraco.with_program(umbraco.inspect(), p.published)

    gates(function()
      gate.older(app.version, p.to)
      gate.one_release_is_referenced(app)
      gate.operation_is_described(app)
      gate.release_is_in_the_table(p.to)
      gate.nobody_migrates(app)
      gate.never_installs(app)
      gate.runtime_is_installed(app, p.to)
      umbraco.ask_container(app)
      gate.packages_are_accepted(app)
      gate.database_is_whole(app)
      gate.free_space(".", umbraco.space_needed(app))
    end)

    local way = ways.choose(app, p.to, p)
    gates(function()
      gate("there is a way back to " .. p.to, way.kind ~= nil, way.why, way.hint)
      for _, step in ipairs(way.one_way or {}) do gate.may_be_gone_back_over(app, step) end
      if way.kind ~= "restore" then gate.program_is_of_the_release(app, p.to) end
      if way.kind ~= "restore" then gate.new_build_can_be_tried(app) end
    end)
    log.info("way back: " .. way.kind .. ": " .. way.why)
    if way.kind ~= "build" then
      sets.agree(way.kind == "restore" and sets.question(way.set, nil, p.identity) or "Write the states of " .. p.to .. " by force? " .. way.why)
    end

    if way.kind ~= "restore" and not trial.obstacle(app) then
      step("Try the old build on a copy", function() trial.boot(app, p.to, { rows = way.rows }) end)
    end

    downtime(function()
      local present = step("Back up the present", function() return umbraco.back_up(app, "before the downgrade to " .. p.to) end)
      way_back(umbraco.restore, app, present)

      step("Go back", function()
        if way.kind == "restore" then
          backup.restore(way.set, { identity = p.identity })
          umbraco.clear_claim(app)
        elseif way.kind == "states" then
          database.swap(app.database, way.rows)
        end
        if way.kind ~= "restore" then umbraco.reference(app, p.to) end
        umbraco.purge_caches(app)
        if way.kind ~= "restore" or umbraco.builds_again(app) then umbraco.build(app) end
        umbraco.start(app)
        umbraco.wait_ready(app, p.to)
      end)

      step("Verify", function()
        expect.states_fit_the_release(app, p.to)
        expect.pages_come(app)
        expect.database_is_whole(app)
      end)
    end)
  end,
}
