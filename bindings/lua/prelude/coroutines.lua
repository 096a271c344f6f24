-- Coroutines of the author's. A request of a primitive passes through resume and wrap up to the host and its answer passes back, so primitives work
-- in them as anywhere. A coroutine starts in the scope where it was created.
local host, P = ...
local error = error
local create, raw_resume, yield, status, running = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.running
local TAG, parents, scopes = P.TAG, P.parents, P.scopes

local function pump(co, ok, tag, ...)
  if ok and tag == TAG then
    yield(TAG)
    return pump(co, raw_resume(co))
  end
  if not ok and host.is_cancel(tag) then error(tag, 0) end
  return ok, tag, ...
end

local function resume(co, ...)
  host.check()
  if status(co) == "suspended" then parents[co] = running() end
  return pump(co, raw_resume(co, ...))
end

local function born(f)
  host.known(f)
  local co = create(f)
  local mine = running()
  scopes[co] = mine and scopes[mine]
  return co
end

local function unwrap(ok, ...)
  if not ok then error((...), 0) end
  return ...
end

local library = { create = born }

function library.resume(co, ...)
  P.need("coroutine.resume: coroutine", co, "thread")
  return resume(co, ...)
end

function library.wrap(f)
  local co = born(f)
  return function(...)
    local state = status(co)
    if state ~= "suspended" then error("cannot resume a coroutine that is " .. state, 2) end
    return unwrap(resume(co, ...))
  end
end

--- The coroutine that was created by the author, or nil in the playbook itself.
local function own()
  local co = running()
  if co and (P.is_root(co) or P.loading[co]) then return nil end
  return co
end
library.running = own

function library.status(co)
  P.need("coroutine.status: coroutine", co, "thread")
  return status(co)
end

function library.yield(...)
  if not own() then P.raise("script.invalid", "coroutine.yield is called outside of a coroutine", "only a function given to coroutine.create or wrap can yield") end
  return yield(...)
end

P.globals.coroutine = P.view(library, "coroutine", P.missing_field("coroutine", library))

local roots = setmetatable({}, { __mode = "k" })
function P.is_root(co) return roots[co] ~= nil end

--- Makes this coroutine the start of a run.
function P.begin_run(prefix, where)
  local co = running()
  local run = { gates = {}, down = false }
  roots[co], P.places[co] = true, where
  scopes[co] = P.new_scope(prefix:gsub("/$", ""), run)
  return run
end
