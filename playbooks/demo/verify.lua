local playbook, demo = require "playbook", require "demo"

return playbook.define {
  name = "demo/verify",
  summary = "Prove that the demo shop works: it answers, its database is sound and fits the release, its key is there.",

  run = function()
    local app = demo.inspect()
    expect.shop_answers(app)
    expect.schema(app, demo.release(app.version))
    expect.database_is_sound(app)
    expect.secret_is_set(app)
  end,
}
