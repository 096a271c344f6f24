-- Checks that every family needs: gate.NAME before a change, expect.NAME after it. `require "checks"` makes them known.
local playbook = require "playbook"

local function humane(bytes)
  for _, unit in ipairs { "B", "KiB", "MiB" } do
    if bytes < 1024 then return ("%.4g %s"):format(bytes, unit) end
    bytes = bytes / 1024
  end
  return ("%.4g GiB"):format(bytes)
end

--- compose_file_fits(new): what `composed.instead` found of a new compose file, at `new.path`, leaves no data behind.
playbook.check {
  name = "compose_file_fits",
  title = "the new compose file keeps the data where it is",
  override = false,
  run = function(new) return new.left_behind, "take the volumes and mounts of the old file over into " .. new.path end,
}

--- compose_file_accepted(new): what changes by it is agreed to, by `--accept compose-file`.
playbook.check {
  name = "compose_file_accepted",
  title = "the changes of the new compose file are accepted",
  override = false,
  run = function(new)
    return #new.changes == 0 or playbook.accepted "compose-file", table.concat(new.changes, "; "), "accept them with --accept compose-file"
  end,
}

--- newer(from, to): the target is a later release than the present one.
playbook.check {
  name = "newer",
  title = "the target is newer than what runs",
  run = function(from, to)
    if not from then return false, "nothing tells which release runs", "start it, and pin it to what runs: `playbook pin`" end
    local order = version.compare(from, to)
    if order == 0 then return false, to .. " runs already" end
    return order < 0, to .. " is older than " .. from .. ", which runs", "to go back to an older release, roll back the run that left it"
  end,
}

--- older(from, to): the target is an earlier release than the present one.
playbook.check {
  name = "older",
  title = "the target is older than what runs",
  override = false,
  run = function(from, to) return version.compare(from, to) > 0, to .. " is not older than " .. from .. ", which runs", "to go forward, upgrade" end,
}

-- What backups of that state need and do not find, disk by disk.
local function lacking(state, options)
  local lines = {}
  for _, disk in ipairs(backup.estimate(state, options).disks) do
    if disk.available < disk.needed then
      local items = {}
      for i, item in ipairs(disk.items) do items[i] = item.what .. " " .. humane(item.bytes) end
      lines[#lines + 1] = disk.path .. ": " .. humane(disk.available) .. " free, " .. humane(disk.needed) .. " needed (" .. table.concat(items, ", ") .. ")"
    end
  end
  return lines
end

--- free_space(path, bytes): the file system of `path` has at least so much free.
--- free_space(app.state, options): every disk involved has room for the backup set, its rehearsal, the copy that a restore puts beside what is there, and
--- what a migration adds; options as of backup.estimate.
playbook.check {
  name = "free_space",
  title = "there is room on the disk",
  run = function(what, needed)
    if type(what) == "table" then
      local lines = lacking(what, needed or {})
      return lines, "make room, then run it again"
    end
    local available = host.disk { path = what }.available
    return available >= needed, what .. ": " .. humane(available) .. " free, " .. humane(needed) .. " needed", "make room, then run it again"
  end,
}

--- tools { "docker", "age" }: the programs are installed.
playbook.check {
  name = "tools",
  title = "the programs that are needed are installed",
  run = function(names)
    local found, missing = host.tools(names), {}
    for _, name in ipairs(names) do
      if not found[name] then missing[#missing + 1] = name end
    end
    return #missing == 0, "not installed: " .. table.concat(missing, ", "), "install them, then run it again"
  end,
}

--- tool_versions { docker = ">=20.10", pg_dump = ">=15" }: the programs are installed and new enough, by their own `--version`.
playbook.check {
  name = "tool_versions",
  title = "the programs that are needed are new enough",
  run = function(wanted)
    local names, problems = {}, {}
    for name in pairs(wanted) do names[#names + 1] = name end
    local found = host.tools(names)
    for name, range in pairs(wanted) do
      local said = found[name] and process.read({ name, "--version" }).out or ""
      local number = said:match "%f[%d]%d+%.%d+[%.%d]*"
      if not found[name] then
        problems[#problems + 1] = name .. " is not installed"
      elseif not number then
        problems[#problems + 1] = name .. " does not say its version"
      elseif not version.satisfies(number:gsub("%.$", ""), range) then
        problems[#problems + 1] = name .. " is " .. number .. ", not " .. range
      end
    end
    return problems, "install what is missing, then run it again"
  end,
}

--- images_pinned(project): no image of the project may be another one tomorrow.
playbook.check {
  name = "images_pinned",
  title = "every image is pinned",
  run = function(project)
    local problems = {}
    for name, service in pairs(image.current(project)) do
      if service.floating then
        problems[#problems + 1] = (service.place or name) .. ": " .. service.image .. ": " .. service.floating
      end
    end
    return problems, "`playbook pin` pins what runs now"
  end,
}

--- settings_reach(project, "app", { "SECRET" }): the compose file passes every setting on to the service, and something sets it.
--- project is what compose.config gave.
playbook.check {
  name = "settings_reach",
  title = "every setting that is required is set and passed on",
  run = function(project, service, names)
    local config, passed, unset, problems = project.services[service], {}, {}, {}
    if not config then return false, "project " .. project.name .. " has no service " .. service end
    for _, name in ipairs(config.environment) do passed[name] = true end
    for _, name in ipairs(project.unset) do unset[name] = true end
    for _, name in ipairs(names) do
      if not passed[name] then
        problems[#problems + 1] = "the compose file does not pass " .. name .. " on to " .. service
      elseif unset[name] then
        problems[#problems + 1] = name .. " is set nowhere"
      end
    end
    return problems, "set what is missing, and pass it on under environment: in the compose file"
  end,
}

--- nothing_exported(project): no variable of the shell that runs this hides what the env file says.
playbook.check {
  name = "nothing_exported",
  title = "no exported variable hides what the env file says",
  run = function(project)
    return #project.overridden == 0,
      "exported here, and preferred to " .. (project.env_file or ".env") .. ": " .. table.concat(project.overridden, ", "),
      "unset them in the shell that runs this"
  end,
}

-- Programs that replace containers on their own, by the name of their image.
local UPDATERS = { "watchtower", "ouroboros", "diun%-updater", "dockcheck", "what%-is%-up%-docker" }

--- no_auto_updaters(): nothing on this engine replaces containers on its own, in the middle of an upgrade or over a rollback.
playbook.check {
  name = "no_auto_updaters",
  title = "nothing updates containers on its own",
  run = function()
    local problems = {}
    for line in process.read({ "docker", "ps", "--format", "{{.Names}} {{.Image}}" }).out:gmatch "[^\n]+" do
      for _, updater in ipairs(UPDATERS) do
        if line:lower():find(updater) then
          problems[#problems + 1] = line:match "^%S+" .. " runs " .. line:match "%S+$"
          break
        end
      end
    end
    return problems, "stop it until the upgrade is kept; it may also delete the image that a rollback needs"
  end,
}

-- `Sat, 21 Nov 2026 15:50:00 GMT` as seconds since 1970 (days by H. Hinnant's days_from_civil).
local function http_date(text)
  local day, name, year, hour, minute, second = text:match "(%d+) (%a+) (%d+) (%d+):(%d+):(%d+)"
  if not day then return nil end
  local month = (("JanFebMarAprMayJunJulAugSepOctNovDec"):find(name, 1, true) + 2) / 3
  local y = month <= 2 and year - 1 or year + 0
  local era = math.floor(y / 400)
  local of_era = y - era * 400
  local of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  local days = era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
  return days * 86400 + hour * 3600 + minute * 60 + second
end

--- clock_is_right(url): the clock differs by less than two minutes from that of a server, which a registry or an S3 store would refuse.
playbook.check {
  name = "clock_is_right",
  title = "the clock is right",
  run = function(url)
    local there = http_date(http.get(url).headers.date or "")
    if not there then return false, url .. " does not say what time it is" end
    local off = math.abs(clock.now().unix - there)
    return off < 120, ("the clock differs by %d seconds from that of %s"):format(off, url), "set it; `timedatectl` tells whether it is kept"
  end,
}

--- path_is_sure(path): a way that version.path gave exists, and what it is not sure of is accepted.
playbook.check {
  name = "path_is_sure",
  title = "there is a way to the release",
  run = function(path)
    if path.blocked then
      return false, path.blocked.why .. " (" .. path.blocked.source .. ")", "there is no way for this data: install the release beside it and carry the data over"
    end
    local doubts = {}
    for _, hop in ipairs(path.hops) do
      for _, doubt in ipairs(hop.unsure) do
        doubts[#doubts + 1] = hop.from .. " -> " .. hop.to .. ": " .. doubt.why .. " (" .. doubt.source .. ")"
      end
    end
    return #doubts == 0 or playbook.accepted "unsure", table.concat(doubts, "; "), "accept it with --accept unsure"
  end,
}

--- one_hop(path): the way needs no release in between; a playbook that makes one hop at a time asks this.
playbook.check {
  name = "one_hop",
  title = "no release has to come in between",
  override = false,
  run = function(path)
    local first = path.hops and path.hops[1]
    if not first or #path.hops == 1 then return true end
    local reason = first.reasons[1]
    return false, "first comes " .. first.to .. (reason and ": " .. reason.why or ""), "upgrade to " .. first.to .. " first"
  end,
}

--- breaking_accepted(changes): what changelog.breaking found, or texts of the family's own, is accepted.
playbook.check {
  name = "breaking_accepted",
  title = "breaking changes are accepted",
  run = function(changes)
    local texts = {}
    for i, change in ipairs(changes) do
      texts[i] = type(change) == "string" and change or (change.version and change.version .. ": " or "") .. change.text
    end
    return #texts == 0 or playbook.accepted "breaking", table.concat(texts, "; "), "accept them with --accept breaking"
  end,
}

--- images_can_be_had { "postgres:16.8" }: every image is here or in its registry.
playbook.check {
  name = "images_can_be_had",
  title = "every image can be had",
  override = false,
  run = function(refs)
    local missing = {}
    for _, ref in ipairs(refs) do
      if not image.present(ref) then
        local found = image.resolve(ref)
        if not found.digest then missing[#missing + 1] = ref .. ": " .. found.missing end
      end
    end
    return missing, "look at the tag, the registry and your login there"
  end,
}

--- How many rows a table had when the set was made. A word of SQL's own, such as user, is counted under its quoted name; where several sources of the set
--- count something, under the name of its source.
local function rows_then(set, name)
  for _, source in ipairs(set.sources) do
    for _, known in ipairs { name, '"' .. name .. '"' } do
      local rows = set.rows[known] or source.type == "postgres" and set.rows[source.name .. "." .. known]
      if rows then return rows end
    end
  end
end

--- rows_kept(server, set, { "user", "runs" }): none of these tables of public has fewer rows than when the set was made, which counted them. The first must
--- have been counted: without it nothing would be compared.
playbook.check {
  name = "rows_kept",
  title = "every row that was there is still there",
  run = function(server, set, tables)
    if set.planned then error { code = "plan.unknown", message = "the rows of a backup that is not made yet" } end
    local counted, questions = {}, {}
    for i, name in ipairs(tables) do
      local before = rows_then(set, name)
      if i == 1 and not before then return false, "the backup " .. set.path .. " does not say how many rows " .. name .. " had" end
      if before then
        counted[#counted + 1] = { name = name, before = before }
        questions[#counted] = "(select count(*) from public.\"" .. name .. "\") as n" .. #counted
      end
    end
    local now, problems = postgres.query(server, "select " .. table.concat(questions, ", "))[1], {}
    for i, one in ipairs(counted) do
      local rows = now["n" .. i]
      if rows < one.before then problems[#problems + 1] = one.name .. " had " .. one.before .. " rows and has " .. rows end
    end
    return problems
  end,
}

--- answers(url, status): the address answers with that status, 200 when not said.
playbook.check {
  name = "answers",
  title = "it answers",
  while_up = true,
  run = function(url, status)
    local wanted = status or 200
    local answer = http.get(url)
    return answer.status == wanted, url .. " answers " .. answer.status .. ", not " .. wanted
  end,
}

local KEYS_HINT = {
  mismatch = "put back the key under which they were stored: with this one they cannot be read",
  partial = "give the key that is missing, or find out how the values were damaged; override this gate if they are given up",
  unknown = "nothing proves the keys: override this gate if nothing has been stored under them yet",
}

local function opens_no_less(found, before)
  for i, scheme in ipairs(found.schemes) do
    local was = before.schemes[i]
    if scheme.opened < was.opened or scheme.failed + scheme.unknown_key > was.failed + was.unknown_key then return false end
  end
  return true
end

--- keys_open_stored_secrets(app, before): app.keyrings open every secret that is stored under them. With `before`, what keys.verify gave earlier: they open
--- no less than they did then.
playbook.check {
  name = "keys_open_stored_secrets",
  title = "the keys open the stored secrets",
  while_up = true,
  run = function(app, before)
    local found = keys.verify(app.keyrings)
    if before then return opens_no_less(found, before), "before: " .. before.text .. "; now: " .. found.text end
    return found.verdict == "match", found.text, KEYS_HINT[found.verdict]
  end,
}

--- What differs between the fingerprints of a set and those of keys as they are now.
local function changed_keys(set, app, running)
  local now, changed = {}, {}
  for _, key in ipairs(keys.fingerprint(app.keyrings, { like = set.keys, running = running })) do now[key.scheme .. "." .. key.key] = key.scrypt end
  for _, key in ipairs(set.keys) do
    local name = key.scheme .. "." .. key.key
    if now[name] ~= key.scrypt then changed[#changed + 1] = name end
  end
  return changed
end

--- keys_match(app, set): the keys that are set, and those with which the containers run, are those that were set when the backup was made.
playbook.check {
  name = "keys_match",
  title = "the keys are those of the backup",
  run = function(app, set)
    if set.planned then error { code = "plan.unknown", message = "the keys of a backup that is not made yet" } end
    if not app.keyrings and #set.keys == 0 then return true end -- it has none
    if not set.keys[1] then return false, "backup set " .. set.name .. " does not tell which keys it was made beside" end
    local problems, set_now, live = {}, changed_keys(set, app, false), changed_keys(set, app, true)
    if #set_now > 0 then problems[1] = "not as they were at " .. set.created .. ": " .. table.concat(set_now, ", ") end
    if #live > 0 then problems[#problems + 1] = "what runs has others than at " .. set.created .. ": " .. table.concat(live, ", ") end
    return #problems == 0, table.concat(problems, "; "), "put the key of that time back, or it cannot be read"
  end,
}

--- key_ring_is_kept(path, before): the folder of an ASP.NET key ring holds keys. With `before`, what keys.ring gave earlier: all that it held then. Nothing
--- is asked without a path.
playbook.check {
  name = "key_ring_is_kept",
  title = "the key ring is there, and whole",
  run = function(path, before)
    if not path then return true end
    local now, problems = {}, {}
    for _, key in ipairs(keys.ring(path)) do now[key.id] = key end
    if not next(now) then return false, path .. " holds no key: sessions and links that were sent are lost", "find out where the ring is, or accept its loss" end
    for _, key in ipairs(before or {}) do
      if not now[key.id] then problems[#problems + 1] = path .. " has lost key " .. key.id end
    end
    return problems, "put the ring back as it was"
  end,
}

return {}
