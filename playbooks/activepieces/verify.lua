local playbook, activepieces = require "playbook", require "activepieces"

return playbook.define {
  name = "activepieces/verify",
  summary = "Prove that an Activepieces works: one release everywhere, well by its own word, its migrations all there, its key right.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    local app = activepieces.inspect(p)
    expect.one_tag_for_all(app)
    expect.release_agrees(app)
    expect.app_runs(app)
    expect.runs_release(app, { version = app.version, image = app.image })
    if app.database.pglite then return end -- nobody else may open that while it runs
    expect.rows_of_release(app)
    expect.keys_open_stored_secrets(app)
  end,
}
