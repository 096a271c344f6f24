local playbook = require "playbook"

return playbook.define {
  name = "backup/copy",
  summary = "Copy a backup set to another folder or off-site by rclone, or fetch it from there, and verify the copy.",
  params = {
    set = { required = true, help = "name of a set, a part of it, its folder, or rclone:remote/path/NAME" },
    to = { help = "a folder, or rclone:remote/path (default: backups in the state folder)" },
  },

  run = function(p)
    return step("Copy", function() return backup.copy(p.set, { to = p.to }) end)
  end,
}
