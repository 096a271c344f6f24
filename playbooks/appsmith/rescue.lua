-- For an Appsmith that is down after an aborted migration, was downgraded by its tag alone, or was restored under other keys. Alone it says what is wrong and
-- bundles what support will ask for; with --set it goes back to a backup set, with --forward on to a release, with both back and then on.
local playbook, composed, instances, sets = require "playbook", require "composed", require "instances", require "sets"
local appsmith, diagnosis, hops = require "appsmith", require "appsmith.diagnosis", require "appsmith.hops"

local WRITE = 'umask 077; mkdir -p "$1"; cat >"$1/$2"'

--- Into a folder beside the compose file, secrets masked, before anything is made anew; it stays when this run is taken back.
local function bundle(app, found)
  local folder = "appsmith-evidence-" .. clock.now().iso:gsub("[^%dT]", ""):sub(1, 15)
  local evidence = composed.evidence(app.project)
  local texts = {}
  for i, one in ipairs(found) do texts[i] = one.state .. "\n  " .. table.concat(one.why, "\n  ") .. "\n  " .. one.remedy end
  evidence["diagnosis.txt"] = texts
  evidence["versions.txt"] = { "compose file: " .. app.image, "taken for: " .. app.version, "edition: " .. app.edition }
  for name, lines in pairs(evidence) do
    local text = table.concat(lines, "\n") .. "\n"
    process.run({ "sh", "-c", WRITE, "sh", folder, name }, { input = text, harmless = true, repeat_safe = true })
  end
  return folder
end

local function is_downgraded(found)
  for _, one in ipairs(found) do
    if one.state == diagnosis.DOWNGRADED then return true end
  end
  return false
end

return playbook.define {
  name = "appsmith/rescue",
  summary = "Say why an Appsmith is down or damaged, bundle the evidence, and bring it back to a backup set or forward to a release.",
  params = {
    set = { help = "a backup set of before, own or imported, to go back to: its name, a part of it, or its folder" },
    forward = { type = "release", help = "the release to go on to, such as the latest; behind --set, from what the set holds" },
    identity = { type = "path", help = "of age: the file with a key that opens an encrypted set, or the keys in a set" },
    files = { type = "strings", help = "compose files, where they are not the default ones" },
  },

  run = function(p)
    local app = instances.with(appsmith.inspect(p), { module = "appsmith.broken" })
    playbook.instance(app)
    local found = diagnosis.of(app)
    for _, one in ipairs(found) do
      log.warning(one.state .. ": " .. table.concat(one.why, "; "))
      log.info("next: " .. one.remedy)
    end
    local function collect() return step("Collect evidence", function() return bundle(app, found) end) end
    if not p.set and not p.forward then return { wrong = found, evidence = collect() } end

    local set = p.set and backup.verify(p.set, { identity = p.identity })
    local begin = set and appsmith.as_of(app, set.version) or app
    local path = p.forward and appsmith.path(begin, p.forward)
    local releases = path and hops.of(app, path) or {}
    if path and not set and is_downgraded(found) then releases = { appsmith.release(app, p.forward) } end -- the data has been beyond what lies between
    gates(function()
      gate("something is wrong with it", #found > 0, "it is as it should be, as far as can be seen", "use appsmith/upgrade or appsmith/rollback")
      if set then
        gate("the set is of an Appsmith", set.application == "appsmith", set.name .. " is of " .. tostring(set.application))
        gate.images_can_be_had { begin.image }
      end
      if path then
        gate.newer(begin.version, p.forward)
        gate.path_is_sure(path)
      end
      gate.no_auto_updaters()
      for _, release in ipairs(releases) do gate.images_can_be_had { release.image } end
      gate.free_space(app.state, { rehearse = false })
    end)
    if set then sets.agree(sets.question(set, nil, p.identity)) end
    local answered, before = pcall(appsmith.facts, app)
    if set or not answered then before = nil end
    local evidence = collect()
    step("Fetch images", function()
      if set then image.pull { begin.image } end
      hops.fetch(releases)
    end)

    downtime(function()
      local present = step("Back up the present", function() return backup.create(app.state, { app = "appsmith", version = app.version, note = "before rescue" }) end)
      way_back(appsmith.restore, app, present)

      if set then
        step("Go back", function()
          backup.restore(set, { identity = p.identity })
          begin = appsmith.as_of(app, set.version)
          appsmith.start(begin)
          appsmith.wait_finished(begin, begin)
        end)
        before = appsmith.facts(begin)
        if releases[1] then step("Leave " .. begin.version, function()
          if app.embedded then appsmith.raise_data(begin, begin.version, releases[1].version) end
          appsmith.stop_writers(app)
        end) end
      end
      hops.climb(begin, releases, { before = before })
      step("Verify", function()
        local verdict = keys.verify(appsmith.as_it_is(app).keyrings)
        if verdict.verdict == "mismatch" then log.warning(verdict.text .. "; `playbook keys repair` comes next") end
      end)
    end)
    return { wrong = found, evidence = evidence }
  end,
}
