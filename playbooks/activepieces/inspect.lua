local playbook, activepieces, manifests = require "playbook", require "activepieces", require "activepieces.manifests"

return playbook.define {
  name = "activepieces/inspect",
  summary = "Say what is here: release by every way to tell it, project, address, state of the database.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not activepieces.is_here(p.files) then return nil end
    local app = activepieces.inspect(p)
    return {
      application = app.title,
      version = app.version,
      pinned = app.pinned or "not pinned",
      running = app.versions,
      project = app.project.name,
      services = app.services,
      images = app.images,
      address = app.url,
      migrations = app.database.pglite and "in " .. app.database.pglite .. ", which nobody may ask while it runs" or #manifests.rows(app.database),
    }
  end,
}
