-- A folder in which nothing is yet, into which a backup set brings a whole application: a machine that was lost, or another one.
-- `local emptiness = require "emptiness"`. To the engine it is an instance as long as it is not sure to be an application again.
local playbook, instances = require "playbook", require "instances"

local emptiness = {}

--- The compose project that a set was made of, found in what its sources say; the name is that under which its containers ran.
local function project_of(set)
  for _, source in ipairs(set.sources) do
    if source.server and source.server.project then return source.server.project end
  end
end

--- What a set wants to put here: { module, title, version, project, files }, `files` being sources of the places where its settings go.
---@param set table backup.set
function emptiness.before(set)
  local place = { type = "emptiness", module = "emptiness", title = "an empty place", version = "nothing", files = {}, names = {} }
  place.project = project_of(set)
  for _, source in ipairs(set.sources) do
    if source.type == "files" or source.type == "keys" then place.names[#place.names + 1] = source.name end
    if source.type == "files" then
      local paths = { unpack(source.paths) }
      for _, path in ipairs(source.optional) do paths[#paths + 1] = path end
      place.files[#place.files + 1] = { type = "files", base = source.base, optional = paths, name = source.name }
    end
  end
  playbook.instance(place)
  return place
end

-- What lies already where the set has its settings.
local function taken_in(place)
  local taken = {}
  for _, source in ipairs(place.files) do
    for _, path in ipairs(source.optional) do
      if file.exists(path) then taken[#taken + 1] = path end
    end
  end
  return taken
end

playbook.check {
  name = "nothing_is_in_the_way",
  title = "nothing is in the way",
  override = false,
  while_up = true, -- once the settings are back they are there
  run = function(place) return taken_in(place), "move away what lies there" end,
}

--- Makes the folders below this one into which its settings go, such as .appstrate.
function emptiness.make_folders(place)
  for _, source in ipairs(place.files) do
    for _, path in ipairs(source.optional) do
      local folder = path:match "^(.+)/[^/]+$"
      local is_below = folder and source.base and folder:sub(1, #source.base + 1) == source.base .. "/"
      if is_below and not file.exists(folder) then process.run({ "mkdir", "-p", "--", folder }, { harmless = true, repeat_safe = true }) end
    end
  end
end

--- The place with the application in it, which is not started yet.
function emptiness.filled(place, app)
  local filled = instances.with(place, { app = app })
  playbook.instance(filled)
  return filled
end

local function of_app(name)
  return function(place)
    if place.app then return require(place.app.module)[name](place.app) end
  end
end

emptiness.stop_writers, emptiness.unfence, emptiness.evidence = of_app "stop_writers", of_app "unfence", of_app "evidence"

--- The way back: what was begun stops, and the settings go away again. Containers and volumes stay, for they may be wanted to see why.
function emptiness.leave(place, saved)
  local project = place.project
  if project and file.exists(project.files[1]) then compose.stop(project) end
  backup.restore(saved)
end

function emptiness.verify(place)
  local project = place.project
  expect("nothing is here", #taken_in(place) == 0)
  return project and "the folder is as it was; containers of " .. project.name .. " that were made are stopped, its volumes may hold a part of the data"
    or "the folder is as it was"
end

return emptiness
