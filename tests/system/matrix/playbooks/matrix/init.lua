-- The matrix's miniature service: notes in SQLite, settings in .env, run by `ctl`.
local playbook = require "playbook"
local matrix = {}

local ctl = { name = "notes", start = { "./ctl", "start" }, stop = { "./ctl", "stop" }, status = { "./ctl", "status" } }

function matrix.inspect()
  local app = {
    module = "matrix",
    version = dotenv.get(".env", "VERSION", { public = true }),
    service = ctl,
    state = { { type = "sqlite", path = "notes.db" }, { type = "files", paths = { ".env" }, optional = { "doomed.txt" } } },
  }
  playbook.instance(app)
  return app
end

function matrix.stop_writers(app) service.stop(app.service) end

function matrix.restore(app, saved)
  matrix.stop_writers(app)
  backup.restore(saved)
end

function matrix.verify(app)
  expect("the old version is set", dotenv.get(".env", "VERSION", { public = true }) == app.version, "it is not")
  expect("it runs", service.status(app.service) == "running", "it does not")
  return "running " .. app.version
end

return matrix
