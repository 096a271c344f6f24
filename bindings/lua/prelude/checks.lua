-- Checks have two faces: `gate.NAME(...)` before any change, asked all together; `expect.NAME(...)` afterwards, where a "no" is a failure.
local host, P = ...
local type, error, setmetatable, concat = type, error, setmetatable, table.concat

local checks = {} -- name -> check
local FIELDS = { name = true, title = true, run = true, override = true, while_up = true }

function P.declare_check(spec)
  P.need("playbook.check: the check", spec, "table")
  P.need_fields("playbook.check", spec, FIELDS)
  local name = P.need("playbook.check: name", spec.name, "string")
  if not name:find "^[%l_][%l%d_]*$" then P.wrong('playbook.check: name must be like free_space, found "' .. name .. '"') end
  P.need_title("playbook.check " .. name .. ": title", spec.title)
  P.need("playbook.check " .. name .. ": run", spec.run, "function")
  local where = host.where() -- a module whose loading was cut short is loaded again
  if checks[name] and checks[name].where ~= where then P.wrong('playbook.check: "' .. name .. '" is declared already, at ' .. checks[name].where) end
  checks[name] = {
    name = name,
    title = spec.title,
    run = spec.run,
    override = spec.override ~= false,
    while_up = spec.while_up == true,
    where = where,
  }
end

local function reported(check, ok, message, hint, details)
  local report = { name = check.name, title = check.title, ok = ok }
  if ok then return report end
  report.message = message or (check.title .. ": no")
  report.hint, report.details = hint, details
  return report
end

--- What a check that raised has to say.
local function failed(check, e)
  if P.is_final(e) then error(e, 0) end
  local report = reported(check, false, P.message_of(e), type(e) == "table" and e.hint or nil, { code = P.code_of(e) })
  report.unknown = P.code_of(e) == "plan.unknown" or nil
  return report
end

--- What `run` returned: true, or false, "why", "what to do"; or a list of what is wrong, "what to do".
local function verdict(check, ok, ...)
  host.known(ok, ...)
  if type(ok) == "boolean" then return ok, ... end
  if type(ok) ~= "table" then
    P.wrong("check " .. check.name .. " must return true, false or a list of what is wrong, found " .. P.describe(ok), 'return true, or false, "why", "what to do"')
  end
  for _, text in ipairs(ok) do P.need("check " .. check.name .. ": what is wrong", text, "string") end
  return ok[1] == nil, concat(ok, "; "), ...
end

local function answered(check, passed, ok, ...)
  if not passed then return failed(check, ok) end
  return reported(check, ok, ...)
end

--- Runs a declared check in a scope of its own: the scope, and its report.
local function judge(check, ...)
  local scope = P.open(check.name, check.name)
  return scope, answered(check, P.within(scope, function(...) return verdict(check, check.run(...)) end, ...))
end

--- A check that the author made on the spot.
local function on_the_spot(word, title, ok, message, hint)
  P.need_title(word .. ": title", title)
  local check = { name = title, title = title, override = true }
  if host.is_unknown(ok) then return check, failed(check, P.catch(host.known, ok)) end
  return check, reported(check, not not ok, message, hint)
end

-- gates ---------------------------------------------------------------------------------------------------------------------------------------------

local function collector_of(scope)
  while scope do
    if scope.collector then return scope.collector end
    scope = scope.parent
  end
end

local function collect(collector, check, scope, report)
  collector.asked = collector.asked + 1
  report.override = check.override
  local answer = P.send(scope, P.position(scope, "gate"), "gate", report)
  if report.ok or report.unknown then return end
  if type(answer) == "table" and answer.overridden then return end
  collector.overridable = collector.overridable or check.override
  collector.refused[#collector.refused + 1] = { name = report.name, title = report.title, message = report.message, hint = report.hint }
end

--- Is this part of the playbook inside of gates?
function P.is_asking() return collector_of(P.here "gates") ~= nil end

local function gate_collector(name)
  return collector_of(P.here("gate " .. name))
    or P.raise("script.invalid", "gate " .. name .. " stands outside of gates(function() ... end)", "after a change, use expect instead")
end

local function refuse(collector)
  local count, names = #collector.refused, {}
  for i, gate in ipairs(collector.refused) do names[i] = gate.name end
  P.raise("gate.refused", count .. " of " .. collector.asked .. (count == 1 and " gates refuses: " or " gates refuse: ") .. table.concat(names, ", "),
    "mend what they name and run it again" .. (collector.overridable and ", or override one by its name: --override NAME --reason TEXT" or ""),
    { gates = collector.refused })
end

--- Runs a block of gates in its scope and gives its collector.
local function run_gates(scope, fn, rechecking)
  local collector = { asked = 0, refused = {}, rechecking = rechecking }
  scope.collector = collector
  P.enter(scope, "gates", "gates")
  local ok, e = P.within(scope, fn)
  if not ok then
    if not P.is_final(e) then P.leave(scope, "gates", "gates", false) end
    error(e, 0)
  end
  P.leave(scope, "gates", "gates", collector.refused[1] == nil)
  return collector
end

function P.globals.gates(fn)
  P.need("gates: the block", fn, "function")
  local parent = P.here "gates"
  if collector_of(parent) then P.raise("script.invalid", "gates cannot stand inside gates", "put the gates of both into one block") end
  if parent.run.down then P.raise("script.invalid", "gates cannot stand inside downtime", "ask them before it; what must hold afterwards is an expect") end
  local scope = P.open("gates", "gates")
  local collector = run_gates(scope, fn)
  if collector.refused[1] then refuse(collector) end
  local remembered = parent.run.gates
  remembered[#remembered + 1] = { path = scope.path, fn = fn }
end

--- Asks all gates again before a resumed run changes anything.
function P.recheck(run, number)
  if run.rechecking then P.raise("internal", "a recheck was asked for inside a recheck") end
  run.rechecking = true
  local top = P.new_scope("resume#" .. number, run)
  local refused = {}
  for _, block in ipairs(run.gates) do
    local collector = run_gates(P.new_scope(top.path .. "/" .. block.path, run), block.fn, true)
    for _, gate in ipairs(collector.refused) do refused[#refused + 1] = gate end
  end
  if refused[1] then P.send(top, P.position(top, "recheck_failed"), "recheck_failed", { gates = refused }) end
  run.rechecking = false
end

local function gate(check, ...)
  local collector = gate_collector(check.name)
  local run = P.here(check.name).run
  if collector.rechecking and run.down and check.while_up then return end
  collect(collector, check, judge(check, ...))
end

-- expect --------------------------------------------------------------------------------------------------------------------------------------------

local function expected(scope, report)
  P.send(scope, P.position(scope, "expect"), "expect", report)
  if report.ok or report.unknown then return end
  P.raise("expect.failed", report.message, report.hint, { name = report.name, title = report.title, details = report.details })
end

local function expect(check, ...) expected(judge(check, ...)) end

-- the two faces -------------------------------------------------------------------------------------------------------------------------------------

local function face(word, declared, on_the_spot_call)
  local made = {}
  return setmetatable({}, {
    __metatable = false,
    __call = function(_, ...) return on_the_spot_call(...) end,
    __newindex = function(_, name)
      P.raise("script.invalid", word .. "." .. host.tostring(name) .. " cannot be set", "declare it with playbook.check { name = ..., title = ..., run = ... }")
    end,
    __index = function(_, name)
      local check = checks[name]
      if not check then return P.missing_field(word, checks)(name) end
      made[name] = made[name] or function(...) return declared(check, ...) end
      return made[name]
    end,
  })
end

P.globals.gate = face("gate", gate, function(title, ...)
  local collector = gate_collector(P.need_title("gate: title", title))
  local check, report = on_the_spot("gate", title, ...)
  collect(collector, check, P.here "gate", report)
end)

P.globals.expect = face("expect", expect, function(title, ...)
  local _, report = on_the_spot("expect", title, ...)
  expected(P.here "expect", report)
end)
