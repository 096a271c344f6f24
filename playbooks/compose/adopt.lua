-- For a container that `docker run` made: nothing says how to make it again, so it cannot be upgraded. This writes the compose file that does, proves it on
-- a second container that never starts, and leaves the first as it is.
local playbook = require "playbook"

-- What a container writes into its own layer without anybody missing it later.
local PASSING = { "^/tmp", "^/run", "^/var/run", "^/var/log", "^/var/cache", "^/var/tmp", "^/root/%.npm", "^/root/%.cache", "^/proc", "^/sys", "^/dev" }

local function inspected(name, template)
  return (process.read({ "docker", "inspect", "--type", "container", "--format", template, name }).out:gsub("%s+$", ""))
end

--- Files that it wrote into its own layer, which goes away with it. The places of mounts are shown there too.
local function in_its_layer(name)
  local written, folders, files = {}, {}, {}
  local function holds_more(path) folders[path:match "^(.*)/[^/]*$"] = true end
  for target in inspected(name, "{{range .Mounts}}{{println .Destination}}{{end}}"):gmatch "[^\n]+" do
    folders[target] = true
    holds_more(target)
  end
  for line in process.read({ "docker", "diff", name }).out:gmatch "[^\n]+" do
    local path, passes = line:match "^[AC] (.*)$", false
    for _, pattern in ipairs(PASSING) do passes = passes or path ~= nil and path:find(pattern) ~= nil end
    if path and not passes then
      written[#written + 1] = path
      holds_more(path)
    end
  end
  for _, path in ipairs(written) do
    if not folders[path] then files[#files + 1] = path end
  end
  return files
end

--- The last part of an image's name: "docker.io/acme/app:1.2" --> "app".
local function service_of(name)
  return (inspected(name, "{{.Config.Image}}"):gsub("@.*$", ""):gsub(":[^:/]*$", ""):match "[^/]*$")
end

return playbook.define {
  name = "compose/adopt",
  summary = "Write the compose file and the settings that make a container of `docker run` again, and prove it.",
  params = {
    container = { required = true, help = "its name" },
    service = { help = "what it is called as a service; the name of its image when not given" },
  },
  help = "The container goes on running, and is not touched. Its settings go into .env with their values, which are shown nowhere.",

  run = function(p)
    local service, files = p.service or service_of(p.container), in_its_layer(p.container)
    local taken = {} -- looked at once: a run that goes on after it was killed has written them itself
    for _, name in ipairs { "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", ".env" } do
      if file.exists(name) then taken[#taken + 1] = name end
    end
    gates(function()
      gate("nothing is here that would be replaced", #taken == 0, table.concat(taken, ", ") .. " is here", "run this in a folder of its own: -C DIR")
      gate("what the container keeps is mounted into it", #files == 0 or playbook.accepted "layer",
        "in its own layer it has " .. table.concat(files, ", ", 1, math.min(#files, 5)), "`docker cp` what is missed out of it and mount it; else --accept layer")
    end)

    step("Write", function()
      container.write_dotenv(".env", p.container, service)
      container.write_compose("docker-compose.yml", p.container, service)
    end)
    step("Prove", function()
      local differs = container.differences(p.container, { files = { "docker-compose.yml" } }, service)
      expect("Compose would make the same container", #differs == 0, table.concat(differs, ", ") .. " would be otherwise",
        "write the compose file by hand with them; what this run wrote is taken back")
    end)
    log.info("to go over to it: docker stop " .. p.container .. " && docker rename " .. p.container .. " " .. p.container .. "-before && docker compose up -d")
    log.info("and back: docker compose down && docker rename " .. p.container .. "-before " .. p.container .. " && docker start " .. p.container)
  end,
}
