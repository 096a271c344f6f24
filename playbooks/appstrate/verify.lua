local playbook, appstrate = require "playbook", require "appstrate"

return playbook.define {
  name = "appstrate/verify",
  summary = "Prove that an Appstrate works: one release everywhere, well by its own word, its migrations all there, its keys right, its log quiet.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    local app = appstrate.inspect(p)
    if app.module ~= "appstrate" then return (require(app.module).verify(app)) end
    expect.pinned(app)
    expect.versions_agree(app)
    expect.one_server_runs(app)
    expect.healthy(app)
    expect.migrations(app, { version = app.version, image = app.image })
    expect.keys_open_stored_secrets(app)
    expect.quiet_log(app)
  end,
}
