-- From release to release, each proved to be finished before the next: what an upgrade and a rescue forward have in common.
local appsmith, conditions = require "appsmith", require "appsmith.conditions"
local instance, settings = require "appsmith.instance", require "appsmith.settings"

local hops = {}

--- The releases of a path, as this instance would run them; nothing where there is no way.
function hops.of(app, path)
  local releases = {}
  for i, hop in ipairs(path.hops or {}) do releases[i] = appsmith.release(app, hop.to) end
  return releases
end

function hops.tell(path)
  for i, hop in ipairs(path.hops) do
    local reason = hop.reasons[1]
    log.info(("hop %d of %d: %s -> %s%s"):format(i, #path.hops, hop.from, hop.to, reason and ", for " .. reason.why or ""))
  end
end

function hops.fetch(releases)
  for _, release in ipairs(releases) do image.pull { release.image } end
end

--- What releases may change by themselves: the change log of the database, and the names that docker.env sets.
function hops.record(app) return { changes = instance.changes(app), settings = settings.count(app) } end

function hops.tell_changes(app, before)
  local now, had, added = hops.record(app), {}, {}
  for _, id in ipairs(before.changes) do had[id] = true end
  local fresh = {}
  for _, id in ipairs(now.changes) do
    if not had[id] then fresh[#fresh + 1] = id end
  end
  for name in pairs(now.settings) do
    if not before.settings[name] then added[#added + 1] = name end
  end
  if #fresh > 0 then log.info(("the change log has %d changes more, from %s to %s"):format(#fresh, fresh[1], fresh[#fresh])) end
  if #added > 0 then log.info("docker.env has more than before: " .. table.concat(added, ", ")) end
end

local function go(app, release, known)
  step("Upgrade to " .. release.version, function()
    image.pin(app.project, { [app.service] = release.image })
    compose.up(app.project, { services = { app.service } })
    appsmith.wait_finished(app, release)
  end)
  step("Verify " .. release.version, function()
    if known.before then expect.nothing_is_missing(app, known.before) end
    if known.opened then expect.keys_open_stored_secrets(appsmith.as_it_is(app), known.opened) end
  end)
end

--- Through all of them, in downtime and behind a way back. `known` is what held before: its facts (`before`) and what its keys opened (`opened`), where they
--- could be asked. With `back_up`, a hop that fails behind the first ends at the release before it, as backed up there: { version, instead_of, why }.
---@param app table as it is now, stopped
---@param releases table[]
---@param known { before?: table, opened?: table, back_up?: fun(at: table): table }
function hops.climb(app, releases, known)
  local here, saved = app, nil
  for i, release in ipairs(releases) do
    local done, why = true, nil
    if saved then
      done, why = pcall(go, app, release, known)
    else
      go(app, release, known)
    end
    if not done then
      step("Stay at " .. here.version, function()
        appsmith.restore(here, saved)
        appsmith.start(here)
        appsmith.wait_finished(here, here)
      end)
      why = type(why) == "table" and why.message or tostring(why)
      return { version = here.version, instead_of = release.version, why = why }
    end
    local onward = releases[i + 1]
    if onward then
      here = appsmith.as_of(appsmith.as_it_is(app), release.version)
      step("Leave " .. release.version, function()
        if app.embedded then appsmith.raise_data(app, release.version, onward.version) end
        appsmith.stop_writers(app)
      end)
      if known.back_up then saved = step("Back up " .. release.version, function() return known.back_up(here) end) end
    end
  end
end

--- Where nothing on the way would raise the data, the present release does it first.
function hops.make_openable(app, facts, first)
  if not app.embedded or not conditions.to_raise(facts.fcv, app.version, first.version) then return end
  step("Raise the data", function()
    appsmith.start(app)
    appsmith.wait_ready(app)
    appsmith.raise_data(app, app.version, first.version)
    appsmith.stop_writers(app)
  end)
end

return hops
