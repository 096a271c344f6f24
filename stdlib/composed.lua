-- What families of applications under compose have in common: which files are theirs, which services run what, what a container says of itself.
-- `local composed = require "composed"`. Everything here reads; nothing changes.
local instances = require "instances"

local composed = {}

local COMPOSE_FILES = { "compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml" }

--- The compose files that may be meant: those named, those of COMPOSE_FILE, or the names that Compose looks for.
---@param files? string[]
---@return string[]
function composed.files(files)
  local named = not files and file.exists ".env" and dotenv.get(".env", "COMPOSE_FILE", { public = true })
  if not named then return files or COMPOSE_FILES end
  files = {}
  for name in named:gmatch "[^:]+" do files[#files + 1] = name end
  return files
end

--- Does one of the compose files hold text that matches? Looks at files alone, so that it can be asked of any folder.
---@param pattern string of Lua
---@param files? string[]
---@return boolean
function composed.mentions(pattern, files)
  for _, name in ipairs(composed.files(files)) do
    if file.exists(name) and file.read(name):find(pattern) then return true end
  end
  return false
end

--- The project of this folder as Compose reads it, under the name under which its containers run: `docker compose -p NAME up` gives a name
--- that is in no file, and another name would be another project with other volumes.
---@param files? string[]
---@param known? string the name, where no container tells it
---@return table compose.project
function composed.project(files, known)
  local config = compose.config { files = files }
  local names, count, name = {}, 0, nil
  local filter = "label=com.docker.compose.project.working_dir=" .. config.working_dir
  local listed = process.read { "docker", "ps", "--all", "--filter", filter, "--format", '{{.Label "com.docker.compose.project"}}' }
  for found in listed.out:gmatch "[^\n]+" do
    if not names[found] then
      names[found], count, name = true, count + 1, found
    end
  end
  if count > 1 then
    error {
      code = "unsupported",
      message = "containers of " .. count .. " compose projects were made from " .. config.folder,
      hint = "take down the one that is not meant; docker ps -a --filter " .. filter .. " shows them",
    }
  end
  name = name or known
  if not name or name == config.name then return config end
  return compose.config { files = files, name = name }
end

function composed.without_tag(ref) return (ref:gsub("@.*$", ""):gsub(":[^:/]*$", "")) end
function composed.tag_of(ref) return ref:gsub("@.*$", ""):match ":([^:/]+)$" end
--- The last part of an image's name: "ghcr.io/acme/app:1.2" --> "app".
function composed.what_runs(ref) return composed.without_tag(ref):match "[^/]*$" end
--- A release without the `v` that a tag may carry.
function composed.bare(release) return (release:gsub("^v", "")) end

--- The release that a tag names, without its `v`; nil for none, and for a word such as latest.
function composed.release_in(tag)
  local bare = tag and composed.bare(tag)
  return bare and version.parse(bare) and bare or nil
end

--- Names of services whose image is one of those named, sorted.
function composed.services_of(config, images)
  local wanted, found = {}, {}
  for _, name in ipairs(images) do wanted[name] = true end
  for name, service in pairs(config.services) do
    if service.image and wanted[composed.what_runs(service.image)] then found[#found + 1] = name end
  end
  return found
end

--- Where a service answers on this machine: the address on which it publishes `target`, a port in the container, or else any port.
---@param target? string
function composed.address(service, name, target)
  local found
  for _, port in ipairs(service.ports) do
    local fixed = port.published and port.published ~= ""
    if fixed and (not found or port.target == target) then found = port end
  end
  if not found then error { code = "unsupported", message = "service " .. name .. " publishes no fixed port, so that nobody here can ask whether it is well" } end
  local host = found.host or ""
  if host == "" or host == "0.0.0.0" then host = "127.0.0.1" end
  if host == "::" then host = "::1" end
  if host:find "^[^%[]*:" then host = "[" .. host .. "]" end
  return "http://" .. host .. ":" .. found.published
end

--- The containers of some services.
function composed.containers(project, services)
  local wanted, found = {}, {}
  for _, name in ipairs(services) do wanted[name] = true end
  for _, container in ipairs(compose.ps(project)) do
    if wanted[container.service] then found[#found + 1] = container end
  end
  return found
end

local function sorted_names(...)
  local names, seen = {}, {}
  for _, held in ipairs { ... } do
    for name in pairs(held) do
      if not seen[name] then names[#names + 1] = name end
      seen[name] = true
    end
  end
  table.sort(names)
  return names
end

local function set_of(list)
  local set = {}
  for _, item in ipairs(list) do set[item] = true end
  return set
end

--- Where a volume of the engine lies on this machine; nil where the engine does not have it. Only root can look into it.
---@param volume string its full name
---@return string?
function composed.mountpoint(volume)
  local told = process.read({ "docker", "volume", "inspect", "--format", "{{.Mountpoint}}", volume }, { ok = { 0, 1 } })
  return told.status == 0 and told.out:match "[^\n]+" or nil
end

--- What a mount of a service really is: a volume of the engine by its full name, or a folder.
local function mounts_of(config, service)
  local found = {}
  for _, volume in ipairs(service.volumes) do
    local source = volume.source
    if volume.type == "volume" then source = source and "volume " .. (config.volumes[source] or source) end
    found[volume.target] = source or "a volume without a name"
  end
  return found
end

local function ports_of(service)
  local found = {}
  for _, port in ipairs(service.ports) do found[(port.host or "") .. ":" .. (port.published or "any") .. "->" .. port.target] = true end
  return found
end

--- The project with another compose file in the place of its one file, for an upgrade that brings one along: what that file says (as `compose.config`), what
--- changes by it, in words for people and without values, and which data it would leave behind.
---@param project table compose.project
---@param path string
---@return { config: table, changes: string[], left_behind: string[] }
function composed.instead(project, path)
  if #project.files ~= 1 then
    error {
      code = "unsupported",
      message = "the project has " .. #project.files .. " compose files, and a new one can take the place of one",
      hint = "bring the changes of the release into them by hand, then run it without a new compose file",
    }
  end
  local before = compose.config(project)
  local after = compose.config { folder = project.folder, files = { path }, name = project.name, env_file = project.env_file }
  local found = { config = after, changes = {}, left_behind = {} }
  local function note(...) found.changes[#found.changes + 1] = table.concat { ... } end
  local function compare(name, what, was, is)
    for _, key in ipairs(sorted_names(was, is)) do
      if not is[key] then note(name, " loses ", what, " ", key) end
      if not was[key] then note(name, " gains ", what, " ", key) end
    end
  end
  for _, name in ipairs(sorted_names(before.services, after.services)) do
    local was, is = before.services[name], after.services[name]
    if not was then
      note("service ", name, " is new, of ", is.image or "a build")
    elseif not is then
      note("service ", name, " is gone")
    else
      if was.image ~= is.image then note(name, " runs ", is.image or "a build", " in place of ", was.image or "a build") end
      compare(name, "the setting", set_of(was.environment), set_of(is.environment))
      compare(name, "the port", ports_of(was), ports_of(is))
      local had, has = mounts_of(before, was), mounts_of(after, is)
      compare(name, "the mount", had, has)
      for target, source in pairs(had) do
        if has[target] ~= source then
          found.left_behind[#found.left_behind + 1] = name .. " has " .. source .. " at " .. target .. ", and would have " .. (has[target] or "nothing") .. " there"
        end
      end
    end
  end
  table.sort(found.left_behind)
  return found
end

--- An instance with another compose file in the place of its own: { app, path, changes, left_behind }. `described(app, config)` writes into the instance what
--- a compose file says of it. Server and database keep their names, for what is stopped and restored is found by them.
---@param app table
---@param path string
---@param described function
function composed.with_compose_file(app, path, described)
  local instead, other = composed.instead(app.project, path), instances.with(app, {})
  described(other, instead.config)
  for was, is in pairs { [app.service] = other.service, [app.database.service or ""] = other.database.service or "" } do
    if was ~= is then error { code = "unsupported", message = path .. " calls the service " .. was .. " " .. is, hint = "give it the name that it has, " .. was } end
  end
  return { app = other, path = path, changes = instead.changes, left_behind = instead.left_behind }
end

--- For a check: does one container of `app.service` run?
function composed.one_runs(app)
  local found = composed.containers(app.project, { app.service })
  if #found ~= 1 then return false, "project " .. app.project.name .. " has " .. #found .. " containers of " .. app.service .. ", expected one" end
  local name, state = found[1].name, found[1].state
  return state == "running", name .. " is " .. state, "start it, or look why it does not run; docker logs " .. name .. " tells more"
end

--- For a check: do the compose file (`app.pinned`) and all that was asked (`app.versions`) name the release `app.version`?
function composed.versions_agree(app)
  local texts, agree = { "the compose file says " .. (app.pinned or "nothing") }, app.pinned ~= nil and composed.bare(app.pinned) == app.version
  for how, found in pairs(app.versions) do
    texts[#texts + 1] = how .. " says " .. found
    agree = agree and found == app.version
  end
  return agree, table.concat(texts, ", "), "find out which release the database is of, and start that one"
end

--- What tells why it failed: the last words of every container, and their states. A family's `evidence` gives this.
function composed.evidence(project)
  local logs, states = {}, {}
  for i, entry in ipairs(compose.logs(project, { tail = 500 })) do logs[i] = entry.service .. " | " .. entry.line end
  for i, container in ipairs(compose.ps(project)) do
    states[i] = ("%s: %s, exit code %d, restarts %d, image %s"):format(container.name, container.state, container.exit_code, container.restarts, container.image)
  end
  return { ["containers.log"] = logs, ["containers.txt"] = states }
end

return composed
