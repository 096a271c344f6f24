-- Checks that every family needs: gate.NAME before a change, expect.NAME after it. `require "checks"` makes them known.
local playbook = require "playbook"

local function humane(bytes)
  for _, unit in ipairs { "B", "KiB", "MiB" } do
    if bytes < 1024 then return ("%.4g %s"):format(bytes, unit) end
    bytes = bytes / 1024
  end
  return ("%.4g GiB"):format(bytes)
end

--- newer(from, to): the target is a later release than the present one.
playbook.check {
  name = "newer",
  title = "the target is newer than what runs",
  run = function(from, to)
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

--- free_space(path, bytes): the file system of `path` has at least so much free.
playbook.check {
  name = "free_space",
  title = "there is room on the disk",
  run = function(path, bytes)
    local available = host.disk { path = path }.available
    return available >= bytes, path .. ": " .. humane(available) .. " free, " .. humane(bytes) .. " needed", "make room, then run it again"
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
    return #missing == 0, table.concat(missing, "; "), "look at the tag, the registry and your login there"
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

return {}
