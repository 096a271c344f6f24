-- Umbraco keeps, for the core and for each package, the position in a migration plan where its database stands: a state. Plans are rewritten from release to
-- release, so a state says which releases it is of only by a table: data/states.json. The comments in the source, which the vendor's page sends people to,
-- are wrong in 13 places. Nothing here asks the world; a state that is in no plan is "newer than this table, or not of an Umbraco", and never fine.
local playbook = require "playbook"

local data = playbook.data "umbraco/data/states.json"

local states = {}

states.PREFIX = "Umbraco.Core.Upgrader.State+"
states.CORE = states.PREFIX .. "Umbraco.Core"
states.PRE = states.PREFIX .. "Umbraco.Core.Premigrations"
states.LOCK = "Umbraco.Core.Upgrader.Lock"

-- Letters' case and braces do not count when a state is read; they do when one is written.
local function plain(text) return (text:gsub("[{}]", ""):upper()) end

--- The id of a state, its first 8 hex digits: "" for none yet; nil for one that is in no plan.
function states.id(text)
  if not text or text == "" then return "" end
  local id = plain(text):sub(1, 8)
  local known = data.states[id]
  return known and plain(known.state) == plain(text) and id or nil
end

--- A state as it must be written, byte for byte.
function states.canonical(text)
  local id = states.id(text)
  return id and id ~= "" and data.states[id].state or text
end

function states.release(version) return data.releases[version] end

--- The release of the table whose plans tell most of one that is not in it: the last one before it of the same major. Nil where there is none.
function states.nearest(target)
  local found
  for _, name in ipairs(data.order) do
    local same = name:match "^%d+" == target:match "^%d+" and data.releases[name].core_plan
    if same and version.compare(name, target) <= 0 then found = name end
  end
  return found
end

-- Whose plans a release has: its own, or for one that only an operator's file knows, those of the release before it.
local function plans_of(target)
  local release = data.releases[target]
  if release and release.core_plan then return release, true end
  return data.releases[states.nearest(target) or ""], false
end

local STATE = "^{?%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x}?$"

local function refuse_entry(file, message, hint) error { code = "argument.invalid", message = file .. ": " .. message, hint = hint } end

--- Adds releases that a file of the operator's tells of: { ["17.6.0"] = { core = "{...}", pre = "{...}" } }. What the table says cannot be changed by it.
function states.extend(releases, file)
  for name, ends in pairs(releases) do
    local known = data.releases[name]
    if not version.parse(name) or type(ends) ~= "table" or not ends.core then
      refuse_entry(file, "releases: " .. name .. " has no core state", 'such as { "17.6.0": { "core": "{...}", "pre": "{...}" } }')
    end
    if known and (known.core ~= ends.core or known.pre ~= ends.pre) then
      refuse_entry(file, "the table of states says something else of " .. name, "take it out of releases")
    end
    for _, state in ipairs { ends.core, ends.pre } do
      local same = type(state) == "string" and data.states[plain(state):sub(1, 8)]
      if type(state) ~= "string" or not state:find(STATE) then refuse_entry(file, "releases: " .. name .. ": " .. tostring(state) .. " is no state") end
      if same and same.state ~= state then
        refuse_entry(file, "releases: " .. name .. ": " .. state .. " is " .. same.state .. " in the table of states", "write it byte for byte")
      end
    end
    if not known then
      data.releases[name] = { core = ends.core, pre = ends.pre }
      for _, state in ipairs { ends.core, ends.pre } do
        local id = plain(state):sub(1, 8)
        data.states[id] = data.states[id] or { state = state, class = "a migration of " .. name, first = name, last = name, own = true }
      end
      local place = 1
      while data.order[place] and version.compare(data.order[place], name) < 0 do place = place + 1 end
      table.insert(data.order, place, name)
    end
  end
end

--- What is known of a package's plan, to be put behind its state; "" for nothing. A package's states are free text, and no table of them exists.
function states.package_note(name)
  for _, known in ipairs(data.package_states or {}) do
    if known.plan == name then return ": " .. known.note .. " (" .. known.source .. ")" end
  end
  return ""
end

-- releases ----------------------------------------------------------------------------------------------------------------------------------------------

local all = data.order
states.releases = all --- every release of the table, oldest first

--- "10.4.0 to 10.4.2, 11.0.0 to 11.1.0": releases in a few words, runs of the table's neighbours as ranges.
function states.told(versions)
  local place, parts = {}, {}
  for i, name in ipairs(all) do place[name] = i end
  local i = 1
  while i <= #versions do
    local j = i
    while j < #versions and place[versions[j + 1]] == place[versions[j]] + 1 do j = j + 1 end
    parts[#parts + 1] = i == j and versions[i] or versions[i] .. " to " .. versions[j]
    i = j + 1
  end
  return table.concat(parts, ", ")
end

--- The releases whose database ends in these two states.
function states.releases_of(core, pre)
  local found, core_id, pre_id = {}, states.id(core), states.id(pre)
  if not core or not core_id or not pre_id then return found end
  for _, name in ipairs(all) do
    local release = data.releases[name]
    if states.id(release.core) == core_id and states.id(release.pre) == pre_id then found[#found + 1] = name end
  end
  return found
end

-- plans -------------------------------------------------------------------------------------------------------------------------------------------------

local function knows(plan, id)
  for _, item in ipairs(plan.chain) do
    if item == id then return true end
  end
  for _, pair in ipairs(plan.side or {}) do
    if pair[1] == id or pair[2] == id then return true end
  end
  return false
end

--- The states that a plan passes through behind `id`, to its end; nil where the plan does not know `id`, or is itself known only in part (8.0).
function states.steps(plan_id, id)
  local plan = data.plans[plan_id]
  if not plan or plan.partial or not knows(plan, id) then return nil end
  local aside = {}
  for _, pair in ipairs(plan.side or {}) do aside[pair[1]] = pair[2] end
  local steps, place = {}, {}
  for i, item in ipairs(plan.chain) do place[item] = i end
  local at = id
  while not place[at] do
    at = aside[at]
    if not at or #steps > #plan.chain then return nil end
    steps[#steps + 1] = at
  end
  for i = place[at] + 1, #plan.chain do steps[#steps + 1] = plan.chain[i] end
  return steps
end

--- The class of the migration that leads to a state.
function states.class(id) return data.states[id] and data.states[id].class or id end

--- What of those steps cannot be undone by going back in the states.
function states.one_way(steps)
  local among, found = {}, {}
  for _, id in ipairs(steps) do among[id] = true end
  for _, step in ipairs(data.one_way) do
    if among[step.id] and not step.harmless then found[#found + 1] = step end
  end
  return found
end

-- may a database go to a release? ---------------------------------------------------------------------------------------------------------------------

local function told(state)
  if not state then return "no state" end
  local id = states.id(state)
  return id and id ~= "" and data.states[id].state .. " (" .. data.states[id].first .. " to " .. data.states[id].last .. ")" or state
end

--- What the state itself has against it, whatever the target: nil, or why.
local function unusable(core, pre)
  if not core or core == "" then return "the database has no core state: every migration from 10 to 12 could be left out without a word" end
  if core:find "^{init%-" then return "the database is of Umbraco 7 or older (" .. core .. ")" end
  for _, state in ipairs { core, pre or "" } do
    if not states.id(state) then return "state " .. state .. " is newer than this table, or not of an Umbraco" end
  end
end

--- Why a database in these states must not be given to a release; nil where that release knows how to go on from them.
function states.refusal(core, pre, from, target)
  local release, sure = plans_of(target)
  if not release then return target .. " is not in the table of states, nor any release of its major before it" end
  local why = unusable(core, pre)
  if why then return why end
  for _, hazard in ipairs(data.hazards) do
    local concerns = not hazard.from or from and version.satisfies(from, hazard.from)
    for _, state in ipairs(hazard.from_states or {}) do concerns = concerns and states.id(state) == states.id(core) end
    if concerns and version.satisfies(target, hazard.to) then return hazard.why .. " (" .. hazard.source .. ")" end
  end
  if not sure and data.states[states.id(core)].own then return nil end -- both are newer than the table: a copy tells
  if not states.steps(release.core_plan, states.id(core)) then return "the core plan of " .. target .. " does not know " .. told(core) end
  if release.pre_plan and not states.steps(release.pre_plan, states.id(pre)) then
    return "the premigration plan of " .. target .. " does not know " .. told(pre)
  end
  if not release.pre_plan and pre and pre ~= "" then return target .. " knows no premigrations, and the database has had some" end
end

--- The migrations that a release would run on a database in these states: { core = {ids}, pre = {ids} }.
function states.pending(core, pre, target)
  local release = plans_of(target)
  return {
    core = states.steps(release.core_plan, states.id(core)) or {},
    pre = release.pre_plan and states.steps(release.pre_plan, states.id(pre)) or {},
  }
end

--- Are these the final states of the release, byte for byte? True; or false and what differs.
function states.final(core, pre, target)
  local release = data.releases[target]
  if not release then return false, target .. " is not in the table of states" end
  if core == release.core and (pre or "") == (release.pre or "") then return true end
  if states.id(core) == states.id(release.core) and states.id(pre) == states.id(release.pre) then
    return false, "the states of " .. target .. " are there, but not byte for byte: " .. tostring(core) .. ", " .. tostring(pre or "none")
  end
  return false, target .. " ends in " .. release.core .. " and " .. (release.pre or "no premigration state") .. ", found " .. told(core) .. " and " .. told(pre)
end

return states
