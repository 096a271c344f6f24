-- Positions and requests. A position is the path of scopes from the start of the run, each `title#n`, n counted per parent and title, so that the
-- same playbook asks the same things at the same positions whenever it runs. The scope belongs to the coroutine.
local host, P = ...
local type, tostring, error, xpcall = type, tostring, error, xpcall
local running, yield = coroutine.running, coroutine.yield

local DEEPEST = 100 -- levels of a position
local TAG = {} -- what a request yields; no script ever sees it
P.TAG = TAG
P.parents = host.parents -- coroutine -> the one that resumed it
P.places = host.places -- coroutine -> where its code stands, for errors
P.loading = setmetatable({}, { __mode = "k" }) -- coroutine -> {name, source} of the chunk that it loads
local scopes = setmetatable({}, { __mode = "k" }) -- coroutine -> its scope
P.scopes = scopes

--- Raises an error table at the author's line.
local raise = host.raise
P.raise = raise

function P.wrong(message, hint) raise("argument.invalid", message, hint) end

--- The error of `f(...)`, or nil.
function P.catch(f, ...)
  local ok, e = pcall(f, ...)
  if not ok then return e end
end

function P.code_of(e) return type(e) == "table" and e.code or "script.failed" end

function P.message_of(e)
  if type(e) == "table" and type(e.message) == "string" then return e.message end
  return host.tostring(e)
end

--- `; did you mean "image.pull"?`, or "" where no name is near.
function P.did_you_mean(word, names, prefix)
  local near = host.nearest(word, names)
  return near == "" and "" or '; did you mean "' .. (prefix or "") .. near .. '"?'
end

--- Errors that no gate, retry or scope may turn into something else.
function P.is_final(e)
  if host.is_cancel(e) then return true end
  local code = P.code_of(e)
  return code == "cancelled" or code == "replay.diverged" or code == "internal"
end

local function describe(value)
  local kind = type(value)
  if kind == "nil" then return "nothing" end
  if kind == "string" then return '"' .. value .. '"' end
  if kind == "number" or kind == "boolean" then return tostring(value) end
  return "a " .. kind
end
P.describe = describe

--- Refuses what is not of that type: `step: title must be a string, found nothing`.
function P.need(what, value, kind)
  host.known(value)
  if type(value) ~= kind then P.wrong(what .. " must be a " .. kind .. ", found " .. describe(value)) end
  return value
end

function P.need_title(what, value)
  P.need(what, value, "string")
  if not value:find "%S" then P.wrong(what .. " must not be empty") end
  return value
end

--- Refuses fields that are not known: `retry: "attempt" does not exist; did you mean "attempts"?`
function P.need_fields(what, given, known)
  for key in P.pairs(given) do
    if not known[key] then
      local names = {}
      for name in P.pairs(known) do names[#names + 1] = name end
      P.wrong(what .. ": " .. describe(key) .. " does not exist" .. P.did_you_mean(tostring(key), names))
    end
  end
end

-- scopes ------------------------------------------------------------------------------------------------------------------------------------------

local function scope_of(co)
  while co do
    if scopes[co] then return scopes[co] end
    co = P.parents[co]
  end
end

--- The scope of this place; refuses outside of a run.
local function here(what)
  local co = running()
  local at = co
  while at do
    if P.loading[at] then
      raise("script.invalid", what .. " can be called only while the playbook runs, not while " .. P.loading[at].source .. " loads",
        "move it into run = function(p) ... end, or into a function that run calls")
    end
    at = P.parents[at]
  end
  return scope_of(co) or raise("internal", what .. " was called outside of a run")
end
P.here = here

function P.new_scope(path, run, parent) return { path = path, run = run, parent = parent, counts = {}, depth = parent and parent.depth + 1 or 0 } end

--- The next position of that name in a scope.
local function position(scope, name)
  name = name:gsub("[/%c]", "-")
  local n = (scope.counts[name] or 0) + 1
  scope.counts[name] = n
  name = name .. "#" .. n
  return scope.path == "" and name or scope.path .. "/" .. name
end
P.position = position

--- A new scope below this place.
function P.open(what, title)
  local parent = here(what)
  if parent.depth == DEEPEST then raise("script.invalid", what .. ": blocks are nested deeper than " .. DEEPEST .. " levels") end
  return P.new_scope(position(parent, title), parent.run, parent)
end

local function restore(co, before, ...)
  scopes[co] = before
  return ...
end

--- Runs `fn(...)` in `scope`: true and results, or false and the error; its place is remembered.
function P.within(scope, fn, ...)
  local co = running()
  local before = scopes[co]
  scopes[co] = scope
  return restore(co, before, xpcall(fn, host.remember, ...))
end

-- requests ----------------------------------------------------------------------------------------------------------------------------------------

--- Asks the engine: the answer, or the error that it gave. Where it wants the gates first, they are asked, and then this again.
local function send(scope, path, name, args)
  while true do
    host.ask(path, name, args)
    yield(TAG)
    local value, recheck = host.take()
    if not recheck then return value end
    P.recheck(scope.run, recheck)
  end
end
P.send = send

--- A request at the next position of this place.
function P.ask(name, args)
  local scope = here(name)
  return send(scope, position(scope, name), name, args)
end

function P.enter(scope, kind, title) send(scope, scope.path, "enter", { kind = kind, title = title }) end

function P.leave(scope, kind, title, ok) send(scope, scope.path, "leave", { kind = kind, title = title, ok = ok }) end

local function ended(scope, kind, title, ok, ...)
  if not ok then
    if not P.is_final((...)) then P.leave(scope, kind, title, false) end
    error((...), 0)
  end
  P.leave(scope, kind, title, true)
  return ...
end

--- enter, `fn(...)`, leave: gives what fn gives, raises what fn raises.
function P.block(scope, kind, title, fn, ...)
  P.enter(scope, kind, title)
  return ended(scope, kind, title, P.within(scope, fn, ...))
end
