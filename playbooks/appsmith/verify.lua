local playbook, appsmith = require "playbook", require "appsmith"
require "appsmith.diagnosis"

return playbook.define {
  name = "appsmith/verify",
  summary = "Prove that an Appsmith works: one release, well by its own word, its migrations whole, its data raised, both keys right.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    local app = appsmith.inspect(p)
    expect.appsmith_is_pinned(app)
    expect.appsmith_is_well(app)
    expect.migrations_are_whole(app)
    expect.not_downgraded(app)
    expect.both_keys_are_set(app)
    expect.settings_agree(app)
    expect.no_checkpoint_is_passed_over(app)
    expect.docker_env_is_data(app, app.version)
    expect.mongodb_elsewhere_serves(app, app.version)
    expect.programs_run(app)
    expect.keys_open_stored_secrets(app)
    expect.hop_is_finished(app, { version = app.version, image = app.image })
  end,
}
