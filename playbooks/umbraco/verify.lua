local playbook, umbraco = require "playbook", require "umbraco"

return playbook.define {
  name = "umbraco/verify",
  summary = "Prove that an Umbraco site works: one release referenced, its final states in the database byte for byte, pages, a whole database.",

  run = function()
    local app = umbraco.inspect()
    expect.one_release_is_referenced(app)
    expect.operation_is_described(app)
    expect.states_fit_the_release(app)
    expect.nobody_migrates(app)
    expect.site_runs(app)
    expect.pages_come(app)
    expect.database_is_whole(app)
    expect.key_ring_is_kept(app.key_ring)
  end,
}
