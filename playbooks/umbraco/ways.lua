-- How a database can go back to an older release, and what stands against it.
local playbook, configuration, instance, states = require "playbook", require "umbraco.configuration", require "umbraco.instance", require "umbraco.states"

local ways = {}

--- The rows that take the database from its states to those of a release: both or none, from what is there now.
function ways.rows(rows, release)
  local wanted = states.release(release)
  local changes = { { key = states.CORE, from = rows.core, to = wanted.core } }
  if rows.pre ~= wanted.pre then changes[#changes + 1] = { key = states.PRE, from = rows.pre, to = wanted.pre } end
  return changes
end

local function classes(ids)
  local names = {}
  for i, id in ipairs(ids) do names[i] = states.class(id) end
  return table.concat(names, ", ")
end

---- The migrations that a database in these states of a release has had and the target has not, where its plan tells; nil where the target is not on that way.
local function between(version, rows, target)
  local present = states.releases_of(rows.core, rows.pre)
  local release, wanted = states.release(version) or states.release(present[1] or ""), states.release(target)
  if not release then return nil end
  local core = states.steps(release.core_plan, states.id(wanted.core))
  if not core then return nil end
  local later = {}
  for _, id in ipairs(core) do
    later[#later + 1] = id
    if id == states.id(rows.core) then return later end
  end
  return states.id(rows.core) == states.id(wanted.core) and {} or nil
end

--- The edit that takes a database of a release, in these states, back to a target by force: { rows, later, one_way }; nil where the target is not on its way.
function ways.forced(version, rows, target)
  local later = between(version, rows, target)
  return later and { rows = ways.rows(rows, target), later = later, one_way = states.one_way(later) }
end

local function set_of(release)
  local found
  for _, set in ipairs(backup.list()) do
    if set.type == "backup.set" and set.application == "umbraco" and set.version == release then found = set end -- the newest is the last
  end
  return found
end

--- { kind = "build" | "restore" | "states", why, set?, rows?, one_way? }, or { why, hint } where there is none.
function ways.choose(app, target, given)
  local rows = instance.rows(app.database)
  if given.set then
    local set = backup.verify(given.set)
    if set.version ~= target then return { why = set.name .. " is of " .. tostring(set.version), hint = "name a set of " .. target } end
    return { kind = "restore", set = set, why = set.name .. ", as asked for" }
  end
  if states.final(rows.core, rows.pre, target) then return { kind = "build", why = "the database is in the states of " .. target .. " already" } end
  if not rows.core or not states.id(rows.core) then
    return { why = "core state " .. tostring(rows.core) .. " is newer than this table, or not of an Umbraco", hint = "take a newer playbook" }
  end

  local forced = ways.forced(app.version, rows, target)
  local had, later = "its plan does not lead through the states of " .. target, forced and forced.later
  if later then had = "since " .. target .. " it had " .. #later .. (#later == 1 and " migration (" or " migrations (") .. classes(later) .. ")" end
  local set = not given.force_states and set_of(target)
  if set then return { kind = "restore", set = set, why = had .. "; " .. set.name .. " is of " .. target } end
  if not given.force_states then
    local hint = "name one with --set; or write the older states by force: --force-states, which leaves the data as it is"
    return { why = had .. ", and there is no backup set of " .. target, hint = hint }
  end
  if not forced then return { why = had, hint = "restore a backup of " .. target } end
  return { kind = "states", why = had .. ", which stay in the data", rows = forced.rows, one_way = forced.one_way }
end

playbook.check {
  name = "may_be_gone_back_over",
  title = "a migration that has no way back is accepted",
  run = function(app, step)
    if step.class:find "MigrateSystemDatesToUtc" then
      local setting = configuration.get(app, "Umbraco:CMS:SystemDateMigration:Enabled")
      if not setting or setting:lower() ~= "false" then
        return false, step.class .. ": " .. step.effect, "set Umbraco:CMS:SystemDateMigration:Enabled to false in appsettings, and keep it so"
      end
    end
    return playbook.accepted "one-way", step.class .. ": " .. step.effect, "accept it with --accept one-way, or restore a backup"
  end,
}

return ways
