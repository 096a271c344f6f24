local playbook, families = require "playbook", require "families"

return playbook.define {
  name = "keys/verify",
  summary = "Try the keys of an instance on the secrets that it has stored under them, live or in a backup set.",
  params = {
    backup = { help = "a backup set, instead of what is live" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local _, app = families.here(p)
    if not app.keyrings then
      error { code = "unsupported", message = "nothing is known of keys under which this application stores secrets: " .. (app.title or app.module) }
    end
    return keys.verify(app.keyrings, { set = p.backup, identity = p.identity })
  end,
}
