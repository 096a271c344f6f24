-- For an instance whose database came back under other keys than it was stored with: finds which of the keys that are offered fits, and puts it where
-- the application reads it. The present is backed up first, with the key that did not fit: what was saved under it since opens with no other.
local playbook, families, sets, keyrings = require "playbook", require "families", require "sets", require "keyrings"
require "checks"

--- `the key of /srv/old.key`, or what is in use.
local function told(choice, offers)
  local texts = {}
  for name, number in pairs(choice) do texts[#texts + 1] = "the " .. name .. " of " .. offers[number].place end
  return #texts == 0 and "the present keys" or table.concat(texts, " and ")
end

local function contains(list, value)
  for _, item in ipairs(list or {}) do
    if item == value then return true end
  end
  return false
end

--- What to write for one keyring: edits, and why it cannot be done.
local function edits_of(app, keyring, found, offers)
  local edits, problems = {}, {}
  if found.tried == 0 then return edits, problems end
  if not found.best then
    return edits, { found.scheme .. ": none of " .. #found.candidates .. " keys opens any of " .. found.tried .. " stored values" }
  end
  if found.tied and #found.others > 0 then return edits, { found.scheme .. ": " .. told(found.best.choice, offers) .. " and another one open as many values" } end
  for name, number in pairs(found.best.choice) do
    local place = keyrings.place(app, keyring, name)
    if not place or not place.variable then
      problems[#problems + 1] = found.scheme .. ": no file that can be edited here sets its " .. name
    elseif contains(app.overridden, place.variable) then
      problems[#problems + 1] = "the shell exports " .. place.variable .. ", which hides " .. place.path
    else
      edits[#edits + 1] = { path = place.path, variable = place.variable, secret = offers[number].secret, place = offers[number].place }
    end
  end
  return edits, problems
end

--- Says what opens, and lists what will not open any more.
local function tell(found, offers)
  for _, scheme in ipairs(found) do
    if scheme.best then
      log.info(("%s: %d of %d stored values open with %s"):format(scheme.scheme, scheme.best.opened, scheme.tried, told(scheme.best.choice, offers)))
    end
    for _, other in ipairs(scheme.others) do
      log.warning(scheme.scheme .. ": " .. other.values .. " open with " .. told(other.choice, offers) .. " alone: " .. table.concat(other.rows, ", "))
    end
    if scheme.none.values > 0 then
      log.warning(scheme.scheme .. ": " .. scheme.none.values .. " open with none of them: " .. table.concat(scheme.none.rows, ", "))
    end
  end
end

return playbook.define {
  name = "keys/repair",
  summary = "Find which of the offered keys opens what is stored, and put it where the application reads it.",
  params = {
    keys = { type = "strings", required = true, help = "[NAME=]FILE, env:VARIABLE, or dotenv|json|docker_env:FILE:MEMBER, each; never the key itself" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local family, app = families.here(p)
    if not app.keyrings then error { code = "unsupported", message = "nothing is known of the keys of " .. (app.title or app.module) } end
    local offers, given = {}, {}
    for i, text in ipairs(p.keys) do
      offers[i] = keyrings.offer(text)
      given[i] = { key = offers[i].key, secret = offers[i].secret }
    end
    local found = keys.find(app.keyrings, given)
    tell(found, offers)

    local edits, problems = {}, {}
    for i, keyring in ipairs(app.keyrings) do
      local some, why = edits_of(app, keyring, found[i], offers)
      for _, edit in ipairs(some) do edits[#edits + 1] = edit end
      for _, problem in ipairs(why) do problems[#problems + 1] = problem end
    end
    for _, scheme in ipairs(#edits == 0 and #problems == 0 and found or {}) do
      if scheme.none.values > 0 then
        problems[#problems + 1] = ("%s: %d of %d stored values open with none of the keys"):format(scheme.scheme, scheme.none.values, scheme.tried)
      end
    end
    gates(function()
      gate("one of the keys fits, and can be set", #problems == 0, table.concat(problems, "; "), "offer the key of the time, or set it by hand")
      if #edits > 0 then gate.free_space(app.state, { restore = false }) end
    end)
    if #edits == 0 then
      log.info("the keys that are set fit best; nothing is changed")
      return found
    end
    local texts = {}
    for i, edit in ipairs(edits) do texts[i] = edit.variable .. " in " .. edit.path .. " as in " .. edit.place end
    sets.agree("Set " .. table.concat(texts, ", ") .. "? The application is down meanwhile.")

    downtime(function()
      local present = step("Back up the present", function()
        return backup.create(app.state, { app = app.module, version = app.version, keyrings = app.keyrings, note = "before keys repair" })
      end)
      way_back(family.restore, app, present)
      step("Put the keys where they are read", function()
        for _, edit in ipairs(edits) do dotenv.set(edit.path, edit.variable, edit.secret) end
      end)
      step("Start", function() family.start(app) end)
      step("Verify", function()
        local now = keys.verify(app.keyrings)
        for i, scheme in ipairs(now.schemes) do
          local wanted = found[i].best and found[i].best.opened or 0
          expect(scheme.scheme .. " opens what it was found to", scheme.opened >= wanted, scheme.text .. ", expected " .. wanted)
        end
        if family.verify then family.verify(app) end
      end)
    end)
    return found
  end,
}
