local playbook, appstrate, journals = require "playbook", require "appstrate", require "appstrate.journals"

return playbook.define {
  name = "appstrate/inspect",
  summary = "Say what is here: release by every way to tell it, project, address, state of the database.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not appstrate.is_here(p.files) then return nil end
    local app = appstrate.inspect(p)
    if app.module ~= "appstrate" then
      return { application = app.title, version = app.version, tier = 0, database = app.folder .. ", PostgreSQL " .. app.engine, address = app.url }
    end
    local rows = appstrate.migrations(app)
    return {
      application = app.title,
      version = app.version,
      pinned = app.pinned or "not pinned",
      running = app.versions,
      project = app.project.name,
      services = app.services,
      images = app.images,
      address = app.url,
      migrations = #rows,
      database_of = rows[1] and journals.releases_at(rows) or "no known release",
    }
  end,
}
