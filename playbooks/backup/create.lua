local playbook, families, keyrings = require "playbook", require "families", require "keyrings"
require "checks"

return playbook.define {
  name = "backup/create",
  summary = "Back up what is here, whatever application it is, into a set that is verified.",
  params = {
    to = { type = "path", help = "folder for the set (default: backups in the state folder)" },
    note = { help = "a remark that is stored in the set" },
    rehearse = { type = "boolean", default = false, help = "restore it into scratch too, to know that it can be done" },
    recipients = { type = "strings", help = "of age: the set is encrypted to them, and only their keys open it" },
    escrow = { type = "strings", help = "of age: the keys go into the set too, encrypted to these; a restore with --identity puts them back" },
    identity = { type = "path", help = "of age: the file with a key of theirs, to rehearse an encrypted set" },
    copy_to = { help = "copy it there too, and verify the copy: a folder, or rclone:remote/path" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local _, app = families.here(p)
    gates(function() gate.free_space(app.state, { to = p.to, rehearse = p.rehearse, restore = false, growth = 0 }) end)
    local options = { app = app.module, version = app.version, keyrings = app.keyrings, to = p.to, note = p.note, recipients = p.recipients }
    local state = { unpack(app.state) }
    if p.escrow then state[#state + 1] = keyrings.escrow(app, p.escrow) end
    local set = step("Back up", function() return backup.create(state, options) end)
    if p.rehearse then step("Rehearse", function() backup.rehearse(set, { identity = p.identity }) end) end
    if p.copy_to then step("Copy", function() backup.copy(set, { to = p.copy_to }) end) end
    return set
  end,
}
