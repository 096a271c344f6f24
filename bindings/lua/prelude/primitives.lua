-- Primitives as functions of global tables. What is required goes by place, the rest by name in one trailing table:
-- dotenv.set(".env", "PORT", "8080", { create = true }).
local host, P = ...
local type, select = type, select

-- Values that are themselves tables with names: there a first argument in braces is no mistake.
local TAKES_TABLES = { map = true, any = true, secret = true, list = true, strings = true }

local function signature(spec)
  local parts = {}
  for i, name in ipairs(spec.required) do parts[i] = name end
  if spec.optional[1] then
    local names = {}
    for i = 1, math.min(2, #spec.optional) do names[i] = spec.optional[i] .. " = ..." end
    parts[#parts + 1] = "{ " .. table.concat(names, ", ") .. " }"
  end
  return spec.name .. "(" .. table.concat(parts, ", ") .. ")"
end

local function is_named(value)
  if type(value) ~= "table" then return false end
  for key in P.pairs(value) do
    if type(key) ~= "string" then return false end
  end
  return true
end

local function merge_options(spec, args, options)
  if not is_named(options) then
    P.wrong(spec.name .. ": " .. P.describe(options) .. " is one argument too many; expected " .. signature(spec))
  end
  for name, value in P.pairs(options) do
    if args[name] ~= nil then P.wrong(spec.name .. ': "' .. name .. '" is given twice, by place and by name; expected ' .. signature(spec)) end
    args[name] = value
  end
end

local function arguments(spec, ...)
  local required, count = spec.required, select("#", ...)
  local first = (...)
  if count == 1 and required[1] and not TAKES_TABLES[spec.first] and type(first) == "table" and is_named(first) then
    P.wrong(spec.name .. ": what is required goes by place, not by name; expected " .. signature(spec))
  end
  local args = {}
  for i = 1, #required do args[required[i]] = (select(i, ...)) end
  if count > #required then
    local options = select(#required + 1, ...)
    if count > #required + 1 and select(#required + 2, ...) ~= nil then
      P.wrong(spec.name .. ": takes at most " .. #required + 1 .. " arguments, found " .. count .. "; expected " .. signature(spec))
    end
    host.known(options)
    if options ~= nil then merge_options(spec, args, options) end
  end
  return args
end

local function primitive(name)
  local spec
  return function(...)
    spec = spec or host.signature(name)
    if spec.changes and P.is_asking() then
      P.raise("script.invalid", name .. " changes something, and stands inside gates", "gates only ask; put it behind them")
    end
    return (P.ask(name, arguments(spec, ...)))
  end
end

local modules = {}
P.primitives = modules
for _, name in ipairs(host.primitives()) do
  local module, verb = name:match "^([^.]+)%.(.+)$"
  modules[module] = modules[module] or {}
  modules[module][verb] = primitive(name)
end
for name, functions in pairs(modules) do
  if rawget(P.globals, name) ~= nil then P.raise("internal", "the primitives " .. name .. ".* hide what Lua calls " .. name) end
  P.globals[name] = P.view(functions, name, P.missing_field(name, functions))
end
