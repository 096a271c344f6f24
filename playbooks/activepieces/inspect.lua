local playbook, instances = require "playbook", require "instances"
local activepieces, manifests = require "activepieces", require "activepieces.manifests"

return playbook.define {
  name = "activepieces/inspect",
  summary = "Say what is here: release by every way to tell it, project, address, state of the database, backups, what is wrong.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not activepieces.is_here(p.files) then return nil end
    local app = activepieces.inspect(p)
    local pglite = app.database.pglite
    local warnings = { { "one_tag_for_all", app }, { "release_agrees", app }, { "app_runs", app }, { "queue_is_kept", app }, { "no_auto_updaters" } }
    local migrations = pglite and "in " .. pglite .. ", which nobody may ask while it runs" or "not known"
    if not pglite then
      local asked, rows = pcall(manifests.rows, app.database)
      if asked then migrations = #rows end
      warnings[#warnings + 1] = { "rows_of_release", app }
      warnings[#warnings + 1] = { "keys_open_stored_secrets", app }
    end
    return {
      application = app.title,
      version = app.version,
      pinned = app.pinned or "not pinned",
      running = app.versions,
      project = app.project.name,
      services = app.services,
      images = app.images,
      address = app.url,
      database = pglite and "PGlite" or instances.postgres(app.database),
      migrations = migrations,
      backups = instances.backups(),
      warnings = instances.warnings(warnings),
      proven = "with a stand-in of Activepieces on real Docker and PostgreSQL; its key scheme on values of the real one",
    }
  end,
}
