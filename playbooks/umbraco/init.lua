-- An Umbraco site, as its playbooks see it: what it is (instance.lua), where its database stands (states.lua), how it is proved to be well
-- (conditions.lua), and here how it stops, starts and goes back.
local playbook, instances = require "playbook", require "instances"
local database, instance, published, states = require "umbraco.database", require "umbraco.instance", require "umbraco.published", require "umbraco.states"
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
}

--- The way to a release, through those at which it must stop.
function umbraco.path(app, to) return version.path(app.version, to, checkpoints) end

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

--- Gives every package of Umbraco CMS that the project names the release, and the project its .NET.
function umbraco.reference(app, release)
  for _, edit in ipairs(instance.edits(app, release)) do csproj.set(edit.file, edit.value, { package = edit.package, property = edit.property }) end
end

--- What another release would trip over: caches, indexes and models of the one before. All of it is made anew.
function umbraco.purge_caches(app)
  local folder = instance.below_root(app, "umbraco/Data/TEMP")
  if not file.exists(folder) then return end
  process.run({ "rm", "-r", "--", folder }, { harmless = true, repeat_safe = true, done_when = { "test", "!", "-e", folder } })
end

--- Takes away the claim of a process that migrated when a backup was made, which a restored database carries: nobody migrates now.
function umbraco.clear_claim(app)
  local lock = instance.rows(app.database).lock
  if lock and lock ~= "" then database.swap(app.database, { { key = states.LOCK, from = lock, to = "" } }) end
end

--- The operator's own build, or the folder that was published elsewhere. What it makes is in the set, too.
function umbraco.build(app)
  if app.published then return published.replace(app) end
  process.run(app.build, { deadline = 3600, repeat_safe = true })
end

--- Waits until the site is ready. From 17.3 on it answers 503 while it migrates, and its check says Healthy only when it is done: 200 alone may mean
--- Degraded. Before that it answers nothing until it is done; a failed boot answers 500 for ever.
function umbraco.wait_ready(app, release)
  if version.compare(release, "17.3.0") >= 0 then
    http.wait(app.url .. "/umbraco/api/health/ready", { status = 200, body = "Healthy", give_up_on = { 500 }, deadline = 3600 })
  else
    http.wait(app.url .. "/", { status = 200, give_up_on = { 500 }, deadline = 3600 })
  end
end

-- What the engine calls, now or after a crash or next week: plain data in, no closures.

function umbraco.stop_writers(app)
  service.fence(app.service)
  service.stop(app.service)
end

function umbraco.unfence(app) service.unfence(app.service) end

function umbraco.start(app) service.start(app.service, { deadline = 600 }) end

--- This site as it was, or will be, in another release.
function umbraco.as_of(app, release)
  return instances.with(app, { version = release })
end

--- The way back: database, project files, media and the old build, as they were. Starting it again is left to whoever stopped it.
function umbraco.restore(app, saved, options)
  umbraco.stop_writers(app)
  backup.restore(saved, options)
  umbraco.clear_claim(app)
  umbraco.purge_caches(app)
  if not app.output and not app.published then umbraco.build(app) end -- what was built is not in the set
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
