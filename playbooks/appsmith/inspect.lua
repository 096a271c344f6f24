local playbook, instances = require "playbook", require "instances"
local appsmith, shapes, archive = require "appsmith", require "appsmith.shapes", require "appsmith.archive"
require "appsmith.diagnosis"

--- A container without a compose file is told too, where this folder is of no other application.
local function outside_of_compose(files)
  for _, name in ipairs(playbook.families()) do
    if name ~= "appsmith" and require(name).is_here(files) then return nil end
  end
  local asked, one = pcall(shapes.container)
  return asked
    and one
    and {
      application = "Appsmith",
      shape = "made by `docker run`, without a compose file",
      container = one.name,
      image = one.image,
      stacks = shapes.stacks_of(one) or "nothing is mounted for them",
      ports = one.ports,
      settings = one.settings,
    }
end

return playbook.define {
  name = "appsmith/inspect",
  summary = "Say what is here: release by every way to tell it, edition, stacks, state of its database, backups, what is wrong.",
  params = { files = { type = "strings", help = "compose files, where they are not the default ones" } },

  run = function(p)
    if not appsmith.is_here(p.files) or shapes.has_stacks() and not appsmith.has_compose_file(p.files) then return outside_of_compose(p.files) or nil end
    local app = appsmith.inspect(p)
    local asked, facts = pcall(appsmith.facts, app)
    return {
      application = app.title,
      shape = app.volume and "compose, stacks in volume " .. app.volume or "compose, stacks in a folder",
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
      backups = instances.backups(),
      warnings = instances.warnings {
        { "appsmith_is_pinned", app },
        { "appsmith_is_well", app },
        { "migrations_are_whole", app },
        { "not_downgraded", app },
        { "both_keys_are_set", app },
        { "keys_open_stored_secrets", app },
        { "mongodb_elsewhere_serves", app, app.version },
        { "no_checkpoint_is_passed_over", app },
        { "git_storage_is_saved", app },
        { "programs_run", app },
        { "no_auto_updaters" },
      },
      left_open = archive.left_open(app),
      proven = "with a stand-in of Appsmith on real Docker; its key schemes and docker.env on values of the real one",
    }
  end,
}
