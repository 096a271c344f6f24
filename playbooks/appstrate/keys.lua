local playbook, appstrate = require "playbook", require "appstrate"

return playbook.define {
  name = "appstrate/keys",
  summary = "Try the keys on the credentials and signing keys that are stored, live or in a backup set.",
  params = {
    backup = { type = "path", help = "a backup set, instead of the live database" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    if not appstrate.is_here(p.files) then return nil end
    return keys.verify(appstrate.inspect(p).keyrings, { set = p.backup })
  end,
}
