local playbook, instances = require "playbook", require "instances"
local appstrate, journals = require "appstrate", require "appstrate.journals"

return playbook.define {
  name = "appstrate/inspect",
  summary = "Say what is here: release by every way to tell it, project, address, state of the database, backups, what is wrong.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not appstrate.is_here(p.files) then return nil end
    local app = appstrate.inspect(p)
    if app.module ~= "appstrate" then
      return {
        application = app.title,
        version = app.version,
        tier = 0,
        database = app.folder .. ", PostgreSQL " .. app.engine,
        address = app.url,
        backups = instances.backups(),
        proven = "by a stand-in of its commands; PGlite is the real one",
      }
    end
    local asked, rows = pcall(appstrate.migrations, app)
    if not asked then rows = {} end
    return {
      application = app.title,
      version = app.version,
      pinned = app.pinned or "not pinned",
      running = app.versions,
      project = app.project.name,
      services = app.services,
      images = app.images,
      address = app.url,
      database = instances.postgres(app.database),
      migrations = asked and #rows or "not known",
      database_of = rows[1] and journals.releases_at(rows) or "no known release",
      backups = instances.backups(),
      warnings = instances.warnings {
        { "pinned", app },
        { "versions_agree", app },
        { "no_vendor_leftovers" },
        { "keys_are_of_its_own", app },
        { "one_server_runs", app },
        { "healthy", app },
        { "database_is_the_servers", app },
        { "database_fits", app },
        { "keys_open_stored_secrets", app },
        { "queue_is_kept", app },
        { "no_auto_updaters" },
      },
      proven = "with a stand-in of Appstrate on real Docker and PostgreSQL",
    }
  end,
}
