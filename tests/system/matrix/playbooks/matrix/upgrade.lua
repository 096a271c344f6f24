local playbook, matrix = require "playbook", require "matrix"

return playbook.define {
  name = "matrix/upgrade",
  summary = "Upgrades the matrix's service; every kind of effect comes up once.",
  params = { to = { type = "string", required = true } },

  run = function(p)
    local app = matrix.inspect()

    gates(function()
      gate("newer", p.to > app.version, "not newer")
      gate("the database is whole", sqlite.query("notes.db", "pragma integrity_check")[1].integrity_check == "ok", "it is not")
    end)

    step("Announce", function()
      process.run({ "./ctl", "announce" }, { harmless = true, done_when = { "./ctl", "announced" } })
      file.write("notice.txt", "upgrading to " .. p.to .. "\n")
      dotenv.unset(".env", "OBSOLETE")
    end)

    downtime(function()
      local saved = step("Back up", function() return backup.create(app.state, { app = "notes", version = app.version }) end)
      way_back(matrix.restore, app, saved)

      step("Upgrade", function()
        dotenv.set(".env", "VERSION", p.to, { public = true })
        file.remove("doomed.txt")
        service.start(app.service)
      end)

      step("Verify", function()
        local rows = sqlite.query("notes.db", "select count(*) as n from notes")[1].n
        expect("all notes are there", rows == 20, "found " .. rows .. " of 20")
      end)
    end)

    step("Say so", function() file.write("notice.txt", "upgraded to " .. p.to .. "\n") end)
  end,
}
