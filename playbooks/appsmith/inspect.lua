local playbook, appsmith = require "playbook", require "appsmith"

return playbook.define {
  name = "appsmith/inspect",
  summary = "Say what is here: release by every way to tell it, edition, stacks, state of its embedded database.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not appsmith.is_here(p.files) then return nil end
    local app = appsmith.inspect(p)
    local asked, facts = pcall(appsmith.facts, app)
    return {
      application = app.title,
      edition = app.edition,
      version = app.version,
      pinned = app.pinned or "not pinned",
      running = app.versions,
      project = app.project.name,
      image = app.image,
      stacks = app.stacks,
      address = app.url,
      database = app.embedded and "embedded" or "elsewhere",
      state = asked and facts or "its database does not answer",
    }
  end,
}
