local playbook, families = require "playbook", require "families"

return playbook.define {
  name = "backup/import",
  summary = "Make a backup set of a copy that was made by hand: a dump of PostgreSQL, a SQLite database; verify and rehearse it.",
  params = {
    file = { type = "path", required = true, help = "the copy: pg_dump's custom format, SQL of one database, or a SQLite database" },
    version = { required = true, help = "the release that wrote its data" },
    source = { help = "the part of the state that it is a copy of (default: the one that it looks like)" },
    to = { type = "path", help = "folder for the set (default: backups in the state folder)" },
    note = { help = "a remark that is stored in the set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local _, app = families.here(p)
    return step("Import", function()
      return backup.import(p.file, app.state, { source = p.source, app = app.module, version = p.version, to = p.to, note = p.note })
    end)
  end,
}
