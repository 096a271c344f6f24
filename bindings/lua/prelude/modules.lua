-- require: modules of the library and of the playbook's own folder, loaded once per program, shown read-only.
local host, P = ...
local type, error = type, error
local running = coroutine.running

local loaded = {} -- name -> value

local function refuse_cycle(name)
  local path, co = name, running()
  while co do
    local at = P.loading[co]
    if at then
      path = at.name .. " -> " .. path
      if at.name == name then P.raise("script.invalid", "modules require each other: " .. path) end
    end
    co = P.parents[co]
  end
end

--- The line of the last `return` of a chunk: what stands there may be a tail call, and then no frame tells of it.
local function last_return(text)
  local line, found = 0, 1
  for content in (text .. "\n"):gmatch "([^\n]*)\n" do
    line = line + 1
    if content:find "^return%f[%W]" then found = line end
  end
  return found
end

--- Runs a chunk in the environment of scripts and in a coroutine of its own, in which primitives are refused.
function P.run_chunk(name, source, text)
  local chunk = setfenv(host.load(source, text), P.environment)
  local co = coroutine.create(function() return xpcall(chunk, host.remember, name) end)
  P.loading[co] = { name = name, source = source }
  P.parents[co], P.places[co] = running(), source .. ":" .. last_return(text)
  local resumed, ok, value = coroutine.resume(co)
  if not resumed then error(ok, 0) end
  if not ok then error(value, 0) end
  return value
end

--- Tables of names become read-only; lists stay, since # does not see through a view.
local function protected(name, value)
  if type(value) ~= "table" then return value end
  local definition = P.definition_of(value)
  if definition then
    P.note_exports(name, definition.exports)
    return value
  end
  P.note_exports(name, value)
  if value[1] ~= nil or getmetatable(value) ~= nil then return value end
  return P.view(value, name)
end

local function load_module(name)
  refuse_cycle(name)
  local source, text = host.module(name)
  if not source then
    local names = host.module_names()
    P.raise("name.unknown", 'there is no module "' .. name .. '"' .. P.did_you_mean(name, names), "modules live in the library and beside the playbook")
  end
  local value = P.run_chunk(name, source, text)
  if value == nil then P.raise("script.invalid", "module " .. name .. " returns nothing", "end it with return M", { where = source }) end
  return protected(name, value)
end

function P.require(name)
  if name == "playbook" then return P.globals.playbook end
  if loaded[name] == nil then loaded[name] = load_module(name) end
  return loaded[name]
end

function P.globals.require(name)
  P.need_title("require: name", name)
  return P.require(name)
end

--- Names of the families of playbooks: modules that can inspect an instance, such as demo, sorted.
function P.playbook.families()
  local names, known, families = host.module_names(), {}, {}
  for _, name in ipairs(names) do known[name] = true end
  for name in P.pairs(known) do
    if known[name .. ".inspect"] then families[#families + 1] = name end
  end
  table.sort(families)
  return families
end
