-- What a machine must have before an application under compose is changed on it; each of these has ended an upgrade half-way somewhere.
-- `local preflights = require "preflights"`; then `preflights.ask(app, images)` among the gates of a playbook.
local playbook = require "playbook"
require "checks"

local preflights = {}

local MIB = 1024 * 1024
local LEAST_MEMORY = 512 * MIB -- for a dump, its compression and the start of a server that migrates
local UNPACKED = 3 -- layers take so many times their size in a registry, once they are unpacked beside what was fetched

local function mib(bytes) return ("%d MiB"):format(math.ceil(bytes / MIB)) end

--- memory_is_left(bytes): so much can be had without swapping, 512 MiB when not said.
playbook.check {
  name = "memory_is_left",
  title = "there is memory to work with",
  run = function(bytes)
    local wanted, available = bytes or LEAST_MEMORY, host.memory().available
    return available >= wanted, mib(available) .. " of memory available, " .. mib(wanted) .. " needed", "stop what else runs here, or add memory or swap"
  end,
}

--- folders_are_writable(config): the folders of this machine that are mounted into its services to be written are there, and on no read-only file system.
--- config is what compose.config gave.
playbook.check {
  name = "folders_are_writable",
  title = "mounted folders can be written",
  run = function(config)
    local problems = {}
    for name, service in pairs(config.services) do
      for _, mount in ipairs(service.volumes) do
        if mount.type == "bind" and mount.source and not mount.read_only then
          if not file.exists(mount.source) then
            problems[#problems + 1] = mount.source .. ", mounted at " .. mount.target .. " of " .. name .. ", is not there: docker would make an empty folder"
          elseif host.disk({ path = mount.source }).read_only then
            problems[#problems + 1] = mount.source .. ", mounted at " .. mount.target .. " of " .. name .. ", is on a file system that is read-only"
          end
        end
      end
    end
    return problems, "mount what is missing; a file system that has become read-only tells why in `dmesg`"
  end,
}

-- Ports on which something listens, by the kernel's tables (Documentation/networking/proc_net_tcp.rst): state 0A is LISTEN.
local function listening()
  local ports = {}
  local told = process.read { "awk", '$4 == "0A" { sub(/.*:/, "", $2); print $2 }', "/proc/net/tcp", "/proc/net/tcp6" }
  for port in told.out:gmatch "%x+" do ports[tonumber(port, 16)] = true end
  return ports
end

--- ports_are_free(config, containers): nobody else listens on a port that a service publishes which does not run now; containers as compose.ps gave them.
playbook.check {
  name = "ports_are_free",
  title = "published ports are free, or its own",
  run = function(config, containers)
    local runs, taken, problems = {}, listening(), {}
    for _, container in ipairs(containers) do
      if container.state == "running" then runs[container.service] = true end
    end
    for name, service in pairs(config.services) do
      for _, port in ipairs(service.ports) do
        if not runs[name] and taken[tonumber(port.published)] then
          problems[#problems + 1] = "something listens on port " .. port.published .. ", which " .. name .. " publishes"
        end
      end
    end
    return problems, "`ss -ltnp` tells who; stop it, or publish another port"
  end,
}

--- old_images_are_here(containers): what containers, as compose.ps gave them, are made of can be had without a registry, for a way back that needs none.
playbook.check {
  name = "old_images_are_here",
  title = "the images to go back to are here",
  run = function(containers)
    local problems, seen = {}, {}
    for _, container in ipairs(containers) do
      if not seen[container.image] and not image.present(container.image) then
        problems[#problems + 1] = container.service .. " is made of " .. container.image .. ", which this engine has no more by that name"
      end
      seen[container.image] = true
    end
    return problems, "pull it again, or find out with `docker inspect` what runs"
  end,
}

--- images_fit { "acme/app:1.2.0" }: the engine's disk has room for those that are not there yet: a full one stops the database that runs on it.
playbook.check {
  name = "images_fit",
  title = "the engine has room for the images",
  run = function(refs)
    local bytes, seen = 0, {}
    for _, ref in ipairs(refs) do
      if not seen[ref] and not image.present(ref) then bytes = bytes + UNPACKED * (image.resolve(ref).size or 0) end
      seen[ref] = true
    end
    if bytes == 0 then return true end
    local folder = process.read({ "docker", "info", "--format", "{{.DockerRootDir}}" }).out:match "^%s*(/[^\n]*)"
    if not folder or not file.exists(folder) then return true end -- an engine elsewhere
    local available = host.disk({ path = folder }).available
    return available >= bytes, folder .. ": " .. mib(available) .. " free, " .. mib(bytes) .. " needed", "`docker system df` tells what could go"
  end,
}

--- database_gives_rights(server): its user may make databases and owns the one of the application, for a copy is restored beside it.
playbook.check {
  name = "database_gives_rights",
  title = "the database can be reached, with rights enough",
  while_up = true,
  run = function(server)
    local sql = [[select r.rolsuper or r.rolcreatedb as makes, r.rolsuper or pg_has_role(d.datdba, 'member') as owns, current_user as name, d.datname as database
      from pg_roles r, pg_database d where r.rolname = current_user and d.datname = current_database()]]
    local found, problems = postgres.query(server, sql)[1], {}
    if not found.makes then problems[#problems + 1] = "user " .. found.name .. " may not make databases" end
    if not found.owns then problems[#problems + 1] = "user " .. found.name .. " does not own database " .. found.database end
    return problems, ("as a superuser: alter user %s createdb; alter database %s owner to %s"):format(found.name, found.database, found.name)
  end,
}

--- password_opens_the_database(app, { password = "POSTGRES_PASSWORD", user = "POSTGRES_USER", default_user = "app", database = "app" }): with what these
--- variables of app.env_file give to new containers a program gets into app.database, a service. `database` is a variable too, or a name. Nothing is asked where
--- no password is set, or the database is no service: then the address that is asked holds it.
playbook.check {
  name = "password_opens_the_database",
  title = "the password that new containers get opens the database",
  while_up = true,
  run = function(app, names)
    if not app.database.service or not file.exists(app.env_file) then return true end
    local function public(name) return dotenv.get(app.env_file, name, { public = true }) end
    local password = secret.dotenv(app.env_file, names.password)
    if not secret.exists(password) then return true end
    local user, database = public(names.user) or names.default_user, public(names.database) or names.database
    -- By its name on the network, as the server reaches it: the image asks for no password on its socket and on 127.0.0.1.
    local question = { "psql", "-X", "-w", "-h", app.database.service, "-U", user, "-d", database, "-qAtc", "select where false" }
    local answer = compose.read(app.project, app.database.service, question, { env = { PGPASSWORD = password }, ok = { 0, 1, 2 } })
    local says = answer.err:match "FATAL: +([^\n]*)" or answer.err
    local hint = names.password .. " counts only when the database is first made; put the password that it has into " .. app.env_file
    return answer.status == 0, says, hint
  end,
}

--- pages_are_small(): memory is paged by 4 KiB, as images are built for that bring a database of their own along.
playbook.check {
  name = "pages_are_small",
  title = "memory has pages of 4 KiB",
  run = function()
    local size = tonumber(process.read({ "getconf", "PAGESIZE" }).out:match "%d+")
    return size == 4096, "a page of memory has " .. tostring(size) .. " bytes: its container compiles Redis anew at each start, from the network",
      "boot a kernel with pages of 4 KiB"
  end,
}

--- Asks what every application under compose needs of its machine.
---@param app table with `project`, and `state` where its sources may be stores that refuse a wrong clock
---@param images string[] that will be fetched
function preflights.ask(app, images)
  local config = compose.config(app.project)
  local containers = compose.ps(config)
  gate.memory_is_left()
  gate.folders_are_writable(config)
  gate.ports_are_free(config, containers)
  gate.old_images_are_here(containers)
  gate.images_fit(images)
  gate.no_auto_updaters()
  for _, source in ipairs(app.state or {}) do
    if source.type == "s3" and source.endpoint then gate.clock_is_right(source.endpoint) end
  end
end

return preflights
