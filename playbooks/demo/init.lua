-- The demo shop, as its playbooks see it: where things are, how it starts and stops, what can be asked of it, and how it goes back.
local playbook, instances = require "playbook", require "instances"
require "checks"

local demo = {}

--- Release -> schema of its database, and what it brings.
demo.releases = playbook.data "demo/releases.json"

--- Is the instance a demo shop?
function demo.is_here() return file.exists "app/app.py" and file.exists "ctl" and file.exists ".env" end

--- Reads the instance and makes it known to the run.
function demo.inspect()
  if not demo.is_here() then
    error { code = "instance.missing", message = "there is no demo shop here", hint = "make one with playbooks/demo/app/new DIR, or name its folder with -C DIR" }
  end
  local port = dotenv.get(".env", "DEMO_PORT", { public = true })
  local app = {
    type = "demo.instance",
    module = "demo",
    title = "demo shop",
    version = dotenv.get(".env", "DEMO_VERSION", { public = true }),
    env_file = ".env",
    secret = dotenv.get(".env", "DEMO_SECRET"),
    database = "data/app.db",
    url = "http://127.0.0.1:" .. port,
    probe = "http://127.0.0.1:" .. port .. "/health",
    service = { name = "demo", start = { "./ctl", "start" }, stop = { "./ctl", "stop" }, status = { "./ctl", "status" } },
    state = { { type = "sqlite", path = "data/app.db" }, { type = "files", paths = { ".env" } } },
    logs = { "app.log" },
  }
  app.schema = demo.schema(app)
  app.orders = demo.orders(app).count
  playbook.instance(app)
  return app
end

--- A release by its name, known or not: the gate known_release says so.
function demo.release(name)
  local release = demo.releases[name]
  return { version = name, known = release ~= nil, schema = release and release.schema, summary = release and release.summary }
end

function demo.schema(app) return sqlite.query(app.database, "pragma user_version")[1].user_version end

--- Number of orders, and what they are worth.
function demo.orders(app) return sqlite.query(app.database, "select count(*) as count, total(amount_cents) / 100 as total from orders")[1] end

--- What an upgrade needs beside: the backup, the database that a restore puts beside the old one, and what a migration writes.
function demo.space_needed(app)
  local pages = sqlite.query(app.database, "select page_count * page_size as bytes from pragma_page_count, pragma_page_size")[1]
  return 4 * pages.bytes + 16 * 1024 * 1024
end

function demo.wait_ready(app, version)
  http.wait(app.url .. "/health", { status = 200, json = { status = "ok", version = version }, give_up_on = { 500 }, deadline = 30, every = 0.1 })
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

function demo.stop_writers(app) service.stop(app.service) end

function demo.start(app) service.start(app.service) end

--- The shop with the state of a backup set, which was just restored.
function demo.as_of(app, version)
  local url = "http://127.0.0.1:" .. dotenv.get(app.env_file, "DEMO_PORT", { public = true })
  return instances.with(app, { version = version, orders = demo.orders(app).count, url = url })
end

--- The way back: the database and the settings as they were in the backup. Starting it again is left to whoever stopped it.
function demo.restore(app, saved, options)
  service.stop(app.service)
  backup.restore(saved, options)
end

--- Does the shop work, in the release that it is said to be in?
function demo.verify(app)
  demo.wait_ready(app, app.version)
  expect.database_is_sound(app)
  local count = demo.orders(app).count
  expect("no order of before is missing", count >= app.orders, "there were " .. app.orders .. " orders before the run, and there are " .. count)
end

-- Checks: gate.NAME before the change, expect.NAME after it.

playbook.check {
  name = "known_release",
  title = "the release exists",
  override = false,
  run = function(target)
    local known = {}
    for name in pairs(demo.releases) do known[#known + 1] = name end
    return target.known, "release " .. target.version .. " does not exist; known are " .. table.concat(known, ", ")
  end,
}

playbook.check {
  name = "shop_answers",
  title = "the shop runs and is well",
  while_up = true,
  run = function(app)
    local answer = http.get(app.url .. "/health")
    return answer.status == 200, app.url .. "/health answers " .. answer.status .. ": " .. answer.body, "mend the shop before you upgrade it; app.log tells more"
  end,
}

playbook.check {
  name = "secret_is_set",
  title = "the key of the receipts is set",
  run = function(app) return secret.exists(app.secret), ".env does not set DEMO_SECRET", "put back the one that this shop was made with" end,
}

playbook.check {
  name = "database_is_sound",
  title = "the database is sound",
  override = false,
  run = function(app)
    local found = sqlite.query(app.database, "pragma integrity_check")[1].integrity_check
    return found == "ok", app.database .. ": " .. found
  end,
}

playbook.check {
  name = "schema",
  title = "the database has the schema of the release",
  run = function(app, target)
    local found = demo.schema(app)
    return found == target.schema, "the schema is " .. found .. ", release " .. target.version .. " has " .. target.schema
  end,
}

playbook.check {
  name = "orders_kept",
  title = "every order is as it was in the backup",
  run = function(app, saved)
    for _, source in ipairs(backup.loss(saved).sources) do
      for _, item in ipairs(source.items) do
        if item.what == "table orders" and item.removed + item.changed > 0 then
          return false, "orders: " .. item.removed .. " lost and " .. item.changed .. " changed since the backup"
        end
      end
    end
    return true
  end,
}

return demo
