-- An Umbraco site, as its playbooks see it: what it is (instance.lua), where its database stands (states.lua), how it is proved to be well
-- (conditions.lua), and here how it stops, starts and goes back.
local playbook, instances = require "playbook", require "instances"
local database, instance, running, states = require "umbraco.database", require "umbraco.instance", require "umbraco.running", require "umbraco.states"
local container = require "umbraco.container"
require "umbraco.conditions"

local checkpoints = playbook.data "umbraco/data/checkpoints.json"

local umbraco = {
  is_here = instance.is_here,
  inspect = instance.inspect,
  with_program = instance.with_program,
  project = instance.project,
  rows = instance.rows,
  content = instance.content,
  space_needed = instance.space_needed,
  releases = states.releases,
  status = running.status,
  image = running.image,
  build = running.build,
  start = running.start, --- also called by the engine, as stop_writers and unfence are
  stop_writers = running.stop,
  unfence = running.unfence,
}

--- The way to a release, through those at which it must stop.
function umbraco.path(app, to) return version.path(app.version, to, checkpoints) end

--- Gates for a site in a container of its own.
function umbraco.ask_container(app)
  if not app.container then return end
  gate.settings_are_read(app)
  gate.container_keeps_no_data(app)
  gate.container_runs_its_image(app)
  gate.build_leaves_backups_out(app)
end

function umbraco.back_up(app, note)
  return backup.create(app.state, { app = "umbraco", version = app.version, keyrings = app.keyrings, note = note })
end

--- Proves that this database can be backed up and restored here, while the site still runs.
function umbraco.rehearse(app, target) backup.rehearse(umbraco.back_up(app, "copy before the change to " .. target)) end

--- How long every log is: what comes later is of the boot that follows.
function umbraco.log_sizes(app)
  local sizes = {}
  for _, log in ipairs(instance.logs(app)) do sizes[log.path] = log.size end
  return sizes
end

--- Gives every package of Umbraco CMS that the project names the release, and the project its .NET; of a container also its Dockerfile, and its image a name,
--- so that each release keeps an image of its own.
function umbraco.reference(app, release)
  for _, edit in ipairs(instance.edits(app, release)) do csproj.set(edit.file, edit.value, { package = edit.package, property = edit.property }) end
  local found, id = app.container, running.image(app)
  if not found then return end
  local based = container.rebased(found, instance.framework(release) or "")
  if #based.others > 0 then file.write(found.dockerfile, based.text) end
  local named = running.of_release(app, release).container.image
  if named ~= found.image then
    image.pin(found.project, { [found.service] = named })
  elseif id then
    process.run({ "docker", "tag", id, running.tag_of(app) }, { harmless = true, repeat_safe = true })
  end
end

--- What another release would trip over: caches, indexes and models of the one before. All of it is made anew.
function umbraco.purge_caches(app)
  local folder = instance.kept(app, "umbraco/Data/TEMP")
  if not folder or not file.exists(folder) then return end
  process.run({ "rm", "-r", "--", folder }, { harmless = true, repeat_safe = true, done_when = { "test", "!", "-e", folder } })
end

--- Takes away the claim of a process that migrated when a backup was made, which a restored database carries: nobody migrates now.
function umbraco.clear_claim(app)
  local lock = instance.rows(app.database).lock
  if lock and lock ~= "" then database.swap(app.database, { { key = states.LOCK, from = lock, to = "" } }) end
end

--- Waits until the site is ready. From 17.3 on it answers 503 while it migrates, and its check says Healthy only when it is done: 200 alone may mean
--- Degraded. Before that it answers nothing until it is done; a failed boot answers 500 for ever.
function umbraco.wait_ready(app, release)
  local tells, runs = version.compare(release, "17.3.0") >= 0, running.alive(app)
  local path = tells and "/umbraco/api/health/ready" or "/"
  http.wait(app.url .. path, { status = 200, body = tells and "Healthy" or nil, give_up_on = { 500 }, runs = runs, deadline = 3600 })
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

--- This site as it was, or will be, in another release.
function umbraco.as_of(app, release)
  return instances.with(app, { version = release })
end

--- Must it be built again after a restore? Not where what was built is in the set.
function umbraco.builds_again(app) return not app.output and not app.published and not app.container end

--- The way back: database, project files, media and the old build, as they were. Starting it again is left to whoever stopped it.
function umbraco.restore(app, saved, options)
  umbraco.stop_writers(app)
  backup.restore(saved, options)
  umbraco.clear_claim(app)
  umbraco.purge_caches(app)
  if umbraco.builds_again(app) then umbraco.build(app) end
end

--- What tells why it failed: the end of its own log, for a container or a service may print nothing.
function umbraco.evidence(app)
  local texts = {}
  for _, log in ipairs(instance.logs(app)) do
    local lines, tail = {}, file.read(log.path, { limit = 256 * 1024 * 1024 }):sub(-256 * 1024)
    for line in tail:gmatch "[^\n]+" do lines[#lines + 1] = line end
    texts[log.path:match "[^/]*$"] = lines
  end
  local rows = instance.rows(app.database)
  texts["states.txt"] = { states.CORE .. " = " .. tostring(rows.core), states.PRE .. " = " .. tostring(rows.pre), states.LOCK .. " = " .. tostring(rows.lock) }
  return texts
end

--- Is it well, in the release that it is said to be in?
function umbraco.verify(app)
  umbraco.wait_ready(app, app.version)
  expect.states_fit_the_release(app, app.version)
  expect.pages_come(app)
  expect.database_is_whole(app)
end

return umbraco
