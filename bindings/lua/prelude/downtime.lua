-- The instance that a run works on, the time in which it is down, and the way back.
local host, P = ...
local type, select = type, select

local exported = setmetatable({}, { __mode = "k" }) -- function -> {module, function name}

--- Remembers where the functions of a table can be found again, in another process too.
function P.note_exports(module, functions)
  for name, value in P.pairs(functions) do
    if type(value) == "function" and type(name) == "string" and not exported[value] then exported[value] = { module = module, name = name } end
  end
end

--- The exported function of a module, or nil.
function P.find_export(module, name)
  local functions
  if module == "@playbook" then
    functions = P.definition and P.definition.exports or {}
  else
    functions = P.require(module)
    local definition = P.definition_of(functions)
    if definition then functions = definition.exports end
  end
  local value = type(functions) == "table" and functions[name] or nil
  return type(value) == "function" and value or nil
end

function P.playbook.instance(instance)
  P.need("playbook.instance: the instance", instance, "table")
  local module = P.need("playbook.instance: module", instance.module, "string")
  if not P.find_export(module, "stop_writers") then
    P.wrong("playbook.instance: " .. module .. " exports no function stop_writers", "a downtime stops the writers through it; export function(instance) ... end")
  end
  P.ask("instance", instance)
  P.here("playbook.instance").run.instance = instance
end

function P.playbook.accepted(name)
  P.need_title("playbook.accepted: name", name)
  return P.ask("accepted", { name = name }) == true
end

function P.playbook.stayed(at, why)
  P.need_title("playbook.stayed: where", at)
  P.need_title("playbook.stayed: why", why)
  P.ask("stayed", { at = at, why = why })
end

local function call_instance(run, name)
  local f = P.find_export(run.instance.module, name)
  if f then f(run.instance) end
end

local function down(run, fn)
  P.ask("downtime_begin", {})
  run.down = true
  call_instance(run, "stop_writers")
  P.ask("downtime_closed", {})
  local results = { fn() }
  call_instance(run, "unfence")
  P.ask("downtime_end", {})
  run.down = false
  return unpack(results, 1, table.maxn(results))
end

function P.globals.downtime(fn)
  P.need("downtime: the block", fn, "function")
  local run = P.here("downtime").run
  if not run.instance then
    P.raise("instance.missing", "downtime needs to know the instance whose writers it stops", "call playbook.instance { module = ..., ... } before")
  end
  if run.down then P.raise("script.invalid", "downtime cannot stand inside downtime") end
  return P.block(P.open("downtime", "downtime"), "downtime", "downtime", down, run, fn)
end

function P.globals.way_back(fn, ...)
  P.need("way_back: the function", fn, "function")
  local found = exported[fn]
  if not found then
    P.wrong("way_back: the function is not exported by a module",
      "it may run tomorrow, in another process: export it from a module that you require, or name it in exports of playbook.define")
  end
  local args = host.as_list {}
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    args[i] = value == nil and host.null or value
  end
  P.ask("way_back", { module = found.module, ["function"] = found.name, args = args })
end
