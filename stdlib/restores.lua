-- Brings back what a set holds, whatever came after it: over the application that is here, or into a folder where nothing is.
-- `local restores = require "restores"`. The present is backed up first, so that this way has a way back too.
local playbook = require "playbook"
local families, instances, sets, emptiness = require "families", require "instances", require "sets", require "emptiness"
require "checks"

local restores = {}

--- The instance with the state of that version, which is there now: a set of another instance brought other settings.
local function as_of(family, app, version)
  if family.as_of then return family.as_of(app, version) end
  return instances.with(app, { version = version })
end

--- Over the application that is here.
local function over_what_is_here(p, set)
  local family, app = families.here(p)
  gates(function()
    gate("the set is of this application", set.application == app.module, set.name .. " is of " .. set.application .. ", here is " .. app.module)
    gate("the set is of this instance", not set.moved or playbook.accepted "moved", set.name .. " is of " .. set.instance, "--accept moved restores it here")
  end)
  sets.agree(sets.question(set, set.name, p.identity))

  downtime(function()
    local present = step("Back up the present", function()
      return backup.create(app.state, { app = app.module, version = app.version, note = "before the restore of " .. set.name })
    end)
    way_back(family.restore, app, present)

    local old = step("Restore", function()
      family.restore(app, set, { moved = true, identity = p.identity })
      local restored = as_of(family, app, set.version)
      family.start(restored)
      return restored
    end)
    if family.verify then step("Verify", function() return family.verify(old) end) end
  end)
end

--- Where nothing is, such as on a machine that takes the place of a lost one.
local function into_emptiness(p, set)
  local family, place = families.named(set.application), emptiness.before(set)
  gates(function()
    gate(
      "the application can be made anew",
      family ~= nil and family.furnish ~= nil,
      "nothing is here, and " .. (set.application == "" and "a set of no known application" or set.application) .. " cannot be made of a set alone",
      "install it as it was, then restore the set into it"
    )
    gate.nothing_is_in_the_way(place)
    gate("the set may come here", not set.moved or playbook.accepted "moved", set.name .. " is of " .. set.instance, "--accept moved brings it here")
  end)
  sets.agree("Make " .. set.application .. " " .. set.version .. " of " .. set.created .. " anew here, where nothing is?")

  downtime(function()
    local nothing = step("Note that nothing is here", function()
      return backup.create(place.files, { app = set.application, version = "nothing", note = "before the restore of " .. set.name })
    end)
    way_back(emptiness.leave, place, nothing)

    local app = step("Bring back the settings", function()
      emptiness.make_folders(place)
      backup.restore(set, { only = place.names, moved = true, identity = p.identity })
      local found = family.inspect({ files = p.files }, nil, place.project and place.project.name)
      emptiness.filled(place, found)
      return found
    end)
    step("Make its services", function() family.furnish(app) end)
    step("Restore", function()
      family.restore(app, set, { moved = true, identity = p.identity })
      family.start(app)
    end)
    step("Verify", function()
      family.verify(app)
      expect.keys_match(app, set)
    end)
  end)
end

--- Restores the set that p.set names.
---@param p table of sets.RESTORING
---@param application? string which the set must be of
---@return table set
function restores.run(p, application)
  local set = backup.verify(p.set, { identity = p.identity })
  if application then
    local is_of = set.application == application or set.application:find(application .. ".", 1, true) == 1
    gates(function()
      gate("the set is of " .. application, is_of, set.name .. " is of " .. set.application, "`playbook backup restore` takes a set of any application")
    end)
  end
  if families.found(p) then
    over_what_is_here(p, set)
  else
    into_emptiness(p, set)
  end
  return set
end

return restores
