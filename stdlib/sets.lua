-- What playbooks that make backup sets, or go back to one, have in common. `local sets = require "sets"`.
local composed, keyrings = require "composed", require "keyrings"
require "checks"

local sets = {}

--- Parameters of a playbook that makes one: those of `sets.create`, and where the compose files are.
sets.MAKING = {
  to = { type = "path", help = "folder for the set (default: backups in the state folder)" },
  note = { help = "a remark that is stored in the set" },
  rehearse = { type = "boolean", default = false, help = "restore it into scratch too, to know that it can be done" },
  recipients = { type = "strings", help = "of age: the set is encrypted to them, and only their keys open it" },
  escrow = { type = "strings", help = "of age: the keys go into the set too, encrypted to these; a restore with --identity puts them back" },
  identity = { type = "path", help = "of age: the file with a key of theirs, to rehearse an encrypted set" },
  copy_to = { help = "copy it there too, and verify the copy: a folder, or rclone:remote/path" },
  files = { type = "strings", help = "compose files, where they are not the default ones" },
}

--- Parameters of a playbook that restores the set that is named.
sets.RESTORING = {
  set = { required = true, help = "name of a set, a part of it, or its folder" },
  identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
  files = { type = "strings", help = "compose files, where they are not the default ones" },
}

--- Room on the disks for a set of this instance, as `sets.create` makes it: a gate.
---@param app table
---@param p table of sets.MAKING
function sets.demand_room(app, p) gate.free_space(app.state, { to = p.to, rehearse = p.rehearse, restore = false, growth = 0 }) end

--- Makes a verified set of all that an instance keeps, with fingerprints of its keys.
---@param app table with module, version, state and keyrings
---@param p table of sets.MAKING
---@return table backup.set
function sets.create(app, p)
  local options = { app = app.module, version = app.version, keyrings = app.keyrings, to = p.to, note = p.note, recipients = p.recipients }
  local state = { unpack(app.state) }
  if p.escrow then state[#state + 1] = keyrings.escrow(app, p.escrow) end
  return step("Back up", function() return backup.create(state, options) end)
end

--- Rehearses and copies it, where that was asked for.
---@param set table backup.set
---@param p table of sets.MAKING
function sets.prove(set, p)
  if p.rehearse then step("Rehearse", function() backup.rehearse(set, { identity = p.identity }) end) end
  if p.copy_to then step("Copy", function() backup.copy(set, { to = p.copy_to }) end) end
end

--- Makes one, and proves it. What cannot be copied while it runs is stopped meanwhile; `start` starts it again and waits until it is well, and the set itself is
--- the way back.
---@param app table with module
---@param p table of sets.MAKING
---@param cold boolean
---@param start function
---@return table backup.set
function sets.make(app, p, cold, start)
  local set
  if cold then
    downtime(function()
      set = sets.create(app, p)
      way_back(require(app.module).restore, app, set, { identity = p.identity })
      step("Start", start)
    end)
  else
    set = sets.create(app, p)
  end
  sets.prove(set, p)
  return set
end

--- Does it hold every part of the state that the instance has? A copy that was made while it ran holds the database alone.
local function is_complete(set, app)
  local held = {}
  for _, source in ipairs(set.sources) do held[source.name] = true end
  for _, source in ipairs(app.state) do
    if source.name and not held[source.name] then return false end
  end
  return true
end

--- The set that holds an instance in a release: the one that is named, else the newest here that holds all of its state. Read back, every byte of it.
---@param app table with module and state
---@param release string
---@param named? string name of a set, a part of it, or its folder
---@param identity? string the file with a key that opens an encrypted set
---@return table? set nil where none is named and none is here
function sets.of_release(app, release, named, identity)
  local found = named
  for _, set in ipairs(named and {} or backup.list()) do
    if not set.problem and set.application == app.module and composed.bare(set.version) == release and is_complete(set, app) then found = set.path end
  end
  if not found then return nil end
  local set = backup.verify(found, { identity = identity })
  gates(function()
    gate("the set is of this application", set.application == app.module, set.name .. " is of " .. set.application .. ", here is " .. app.module)
    gate("the set is of the release", composed.bare(set.version) == release, set.name .. " is of " .. set.version .. ", not of " .. release, "name its release with --to")
  end)
  return set
end

--- "Go back to 1.4.0 as of 2026-11-21T07:13:49Z? Lost since then: table orders: 3 added"
---@param set table what backup.verify or backup.create gave
---@param to? string what it goes back to; the version of the set when not said
---@param identity? string the file with a key that opens an encrypted set
---@return string
function sets.question(set, to, identity)
  local loss = backup.loss(set, { identity = identity })
  return "Go back to " .. tostring(to or set.version) .. " as of " .. set.created .. "? " .. (loss.equal and "Nothing is lost." or "Lost since then: " .. loss.text)
end

--- Asks the operator, and refuses as a gate where the answer is no. To be called where nothing has been changed yet.
---@param question string
function sets.agree(question)
  local agreed = confirm(question)
  gates(function() gate("the operator agrees", agreed, "not agreed to", "answer yes, or run it with --yes") end)
end

return sets
