-- What scripts see of Lua: a whitelist, read-only, and the same in every run: ordered pairs and next, no addresses, no random numbers.
local host, P = ...
local G = P.globals
local type, next, select, rawequal, getmetatable, setmetatable = type, next, select, rawequal, getmetatable, setmetatable
local raw_pairs, raw_ipairs, raw_pcall, raw_xpcall, raw_format = pairs, ipairs, pcall, xpcall, string.format
local sort, raw_get = table.sort, rawget

-- read-only views -----------------------------------------------------------------------------------------------------------------------------------

local shown = setmetatable({}, { __mode = "k" }) -- view -> what it shows

--- A read-only face of `data`. `missing(key)` is asked for fields that are not there; data is then the prelude's own table.
function P.view(data, name, missing)
  if missing then setmetatable(data, { __index = function(_, key) return missing(key) end }) end
  local view = setmetatable({}, {
    __index = data,
    __view = true,
    __metatable = false,
    __newindex = function(_, key)
      P.raise("script.invalid", name .. " is read-only: " .. host.tostring(key) .. " cannot be set", "keep your own values in a local table")
    end,
  })
  shown[view] = data
  return view
end

-- order ---------------------------------------------------------------------------------------------------------------------------------------------

local function key_type(key)
  local kind = type(key)
  if kind == "number" or kind == "string" or kind == "boolean" then return kind end
  P.raise("script.invalid", "a table with a " .. kind .. " as key has no order that is the same in every run", "use names or numbers as keys")
end

--- Keys in order: numbers, strings, booleans.
local function sorted_keys(t)
  local numbers, strings, booleans = {}, {}, {}
  for key in next, t do
    local kind = key_type(key)
    local list = kind == "number" and numbers or kind == "string" and strings or booleans
    list[#list + 1] = key
  end
  sort(numbers)
  sort(strings)
  for i = 1, #strings do numbers[#numbers + 1] = strings[i] end
  if booleans[1] ~= nil then
    if t[false] ~= nil then numbers[#numbers + 1] = false end
    if t[true] ~= nil then numbers[#numbers + 1] = true end
  end
  return numbers
end

--- Keys as they are when it begins; those that the body removes are skipped.
function G.pairs(t)
  host.known(t)
  if type(t) ~= "table" then return raw_pairs(t) end
  t = shown[t] or t
  local keys, at = sorted_keys(t), 0
  return function()
    while true do
      at = at + 1
      local key = keys[at]
      if key == nil then return nil end
      local value = raw_get(t, key)
      if not rawequal(value, nil) then return key, value end
    end
  end, t, nil
end
P.pairs = G.pairs

function G.ipairs(t)
  host.known(t)
  return raw_ipairs(shown[t] or t)
end

local RANK = { number = 1, string = 2, boolean = 3 }
local function before(a, b)
  local kind, other = key_type(a), key_type(b)
  if kind ~= other then return RANK[kind] < RANK[other] end
  if kind == "boolean" then return not a and b end
  return a < b
end

--- The least key after `key`, in the order of pairs.
function G.next(t, key)
  host.known(t)
  if type(t) ~= "table" then return next(t, key) end
  t = shown[t] or t
  if key ~= nil and rawequal(raw_get(t, key), nil) then next(t, key) end -- refuses a key that never was
  local least
  for candidate in next, t do
    if (key == nil or before(key, candidate)) and (least == nil or before(candidate, least)) then least = candidate end
  end
  if least ~= nil then return least, raw_get(t, least) end
end

-- text ----------------------------------------------------------------------------------------------------------------------------------------------

function G.tostring(...) return host.tostring(...) end
function G.type(...)
  host.known(...)
  return type(...)
end
function G.tonumber(...)
  host.known(...)
  return tonumber(...)
end

local function without_addresses(n, value, ...)
  if n == 0 then return end
  local kind = type(value)
  if kind ~= "number" and kind ~= "string" and kind ~= "nil" and kind ~= "boolean" then value = host.tostring(value) end
  return value, without_addresses(n - 1, ...)
end

string.dump = nil
-- In the real table: ("%p"):format(t) reaches that one whatever the environment is.
function string.format(text, ...)
  if type(text) == "string" and text:gsub("%%%%", ""):find "%%[^%a%%]*p" then
    P.raise("script.invalid", "string.format: %p shows an address, which differs from run to run", "use %s")
  end
  return raw_format(text, without_addresses(select("#", ...), ...))
end
getmetatable("").__metatable = false

-- protected calls that cancellation passes through ----------------------------------------------------------------------------------------------------

function G.pcall(...)
  host.check()
  return raw_pcall(...)
end

function G.xpcall(f, handler, ...)
  host.check()
  if type(handler) ~= "function" then P.wrong("xpcall: the handler must be a function, found " .. P.describe(handler)) end
  return raw_xpcall(f, function(e)
    if host.is_cancel(e) then return e end
    return handler(e)
  end, ...)
end

function G.setmetatable(t, meta)
  if type(meta) == "table" and raw_get(meta, "__mode") ~= nil then
    P.raise("script.invalid", "weak tables lose their fields at a time that differs from run to run", "use an ordinary table")
  end
  return setmetatable(t, meta)
end

for _, name in raw_ipairs { "assert", "error", "getmetatable", "select", "unpack" } do G[name] = _G[name] end

-- libraries -----------------------------------------------------------------------------------------------------------------------------------------

local function names_of(...)
  local names, seen = {}, {}
  for i = 1, select("#", ...) do
    for name in raw_pairs((select(i, ...))) do
      if not seen[name] then names[#names + 1], seen[name] = name, true end
    end
  end
  sort(names)
  return names
end
P.names_of = names_of

--- A field that is not there is a mistake of the author's.
function P.missing_field(module, data)
  return function(key)
    local field = host.tostring(key)
    P.raise("name.unknown", module .. "." .. field .. " does not exist" .. P.did_you_mean(field, names_of(data), module .. "."))
  end
end

local function random()
  P.raise("script.invalid", "math.random would differ when the run is resumed", "take such values as a parameter, or from a primitive: what it gives is recorded")
end

local function library(name, left_out)
  local functions = {}
  for key, value in raw_pairs(_G[name]) do
    if not left_out[key] then functions[key] = value end
  end
  return functions
end

-- To hand a value to a library function is to use it; only table.insert keeps it as it is.
local function opened(functions)
  for name, f in raw_pairs(functions) do
    if type(f) == "function" and f ~= table.insert then
      functions[name] = function(...)
        host.known(...)
        return f(...)
      end
    end
  end
  return functions
end

local math_view = opened(library("math", { randomseed = true, random = true }))
math_view.random, math_view.randomseed = random, random
for name, functions in raw_pairs {
  string = opened(library("string", {})),
  table = opened(library("table", { foreach = true, foreachi = true, getn = true, setn = true })),
  math = math_view,
  bit = opened(library("bit", {})),
} do
  G[name] = P.view(functions, name, P.missing_field(name, functions))
end

G.null = host.null

-- the environment -----------------------------------------------------------------------------------------------------------------------------------

local INSTEAD = {
  os = "use the clock, secret, file and process primitives",
  io = "use the file primitives",
  print = 'use log.info("...")',
  load = "functions are values: write the function itself",
  loadstring = "functions are values: write the function itself",
  dofile = 'use require "name"',
  loadfile = 'use require "name"',
  collectgarbage = "memory is looked after by the host",
  rawget = "reading a field of a table does the same where no metatable is in between",
  rawset = "setting a field of a table does the same where no metatable is in between",
}

setmetatable(G, { __index = function(_, name)
  host.known(name)
  if type(name) ~= "string" then return nil end
  if INSTEAD[name] then P.raise("name.unknown", name .. " is not available to playbooks", INSTEAD[name]) end
  P.raise("name.unknown", name .. " does not exist" .. P.did_you_mean(name, names_of(G)), "a name that is used must be local or required")
end })

P.environment = setmetatable({}, {
  __index = G,
  __metatable = false,
  __newindex = function(_, name)
    local text = host.tostring(name)
    P.raise("script.invalid", 'global "' .. text .. '" cannot be set', "declare it local: local " .. text .. " = ...")
  end,
})
G._G = P.environment
