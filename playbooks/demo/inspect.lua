local playbook, demo = require "playbook", require "demo"

return playbook.define {
  name = "demo/inspect",
  summary = "Say what is here: release, schema, orders, whether it runs.",

  run = function()
    if not demo.is_here() then return nil end
    local app = demo.inspect()
    local orders = demo.orders(app)
    return {
      application = app.title,
      version = app.version,
      schema = app.schema,
      service = service.status(app.service),
      address = app.url,
      database = app.database,
      orders = orders.count,
      total = ("%.2f"):format(orders.total),
      key = secret.exists(app.secret) and "set" or "missing",
    }
  end,
}
