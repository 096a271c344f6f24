-- playbook.define and its presets; methods of values by their declared type.
local host, P = ...
local type, setmetatable, tostring = type, setmetatable, tostring
local playbook = P.playbook

local TYPES = { string = "string", integer = "number", number = "number", boolean = "boolean", release = "string", path = "string", duration = "number",
  choice = "string", strings = "table" }
local FIELDS = { name = true, summary = true, help = true, params = true, run = true, exports = true }
local PARAMETER_FIELDS = { type = true, required = true, default = true, help = true, choices = true }

local definitions = setmetatable({}, { __mode = "k" }) -- what scripts hold -> the definition

function P.definition_of(value) return definitions[value] end

-- parameters ----------------------------------------------------------------------------------------------------------------------------------------

local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

--- Refuses a value that its parameter does not take.
local function check_value(what, parameter, value)
  host.known(value)
  local kind = parameter.type
  local fits = type(value) == TYPES[kind]
  if fits and kind == "integer" then fits = value == math.floor(value) end
  if fits and kind == "duration" then fits = value >= 0 end
  if fits and kind == "strings" then
    for key, item in P.pairs(value) do fits = fits and type(key) == "number" and type(item) == "string" end
  end
  if not fits then P.wrong(what .. " must be of type " .. kind .. ", found " .. P.describe(value)) end
  if kind == "choice" and not contains(parameter.choices, value) then
    P.wrong(what .. " must be one of " .. table.concat(parameter.choices, ", ") .. ", found " .. P.describe(value))
  end
  return value
end

local function read_parameter(what, name, spec)
  if type(name) ~= "string" or not name:find "^%l[%l%d_]*$" then P.wrong(what .. ": a parameter is named like backup_folder, found " .. P.describe(name)) end
  what = what .. ": parameter " .. name
  P.need(what, spec, "table")
  P.need_fields(what, spec, PARAMETER_FIELDS)
  local kind = spec.type == nil and "string" or P.need(what .. ": type", spec.type, "string")
  if not TYPES[kind] then
    local names = P.names_of(TYPES)
    P.wrong(what .. ': type "' .. kind .. '" does not exist' .. P.did_you_mean(kind, names), "types are " .. table.concat(names, ", "))
  end
  if spec.help ~= nil then P.need(what .. ": help", spec.help, "string") end
  local parameter = { name = name, type = kind, required = spec.required == true, help = spec.help }
  if kind == "choice" then
    parameter.choices = P.need(what .. ": choices", spec.choices, "table")
    if parameter.choices[1] == nil then P.wrong(what .. ": choices must not be empty") end
  end
  if spec.default ~= nil then
    if parameter.required then P.wrong(what .. " is required and has a default; it can be one of them") end
    parameter.default = check_value(what .. ": default", parameter, spec.default)
  end
  return parameter
end

-- Those that must be given come first, then by name.
local function read_parameters(what, params)
  local list = {}
  for name, spec in P.pairs(params) do list[#list + 1] = read_parameter(what, name, spec) end
  table.sort(list, function(a, b)
    if a.required ~= b.required then return a.required end
    return a.name < b.name
  end)
  return list
end

local function parameter_named(definition, name)
  local names = {}
  for i, parameter in ipairs(definition.params) do
    if parameter.name == name then return parameter end
    names[i] = parameter.name
  end
  P.wrong(definition.name .. ": parameter " .. P.describe(name) .. " does not exist" .. P.did_you_mean(tostring(name), names))
end

--- The table that run gets: given values, defaults; a field that was never declared is a mistake.
function P.complete_params(definition, given)
  local values, declared = {}, {}
  for name, value in P.pairs(given) do
    local parameter = parameter_named(definition, name)
    values[name] = check_value(definition.name .. ": parameter " .. name, parameter, value)
  end
  for _, parameter in ipairs(definition.params) do
    declared[parameter.name] = true
    if values[parameter.name] == nil then values[parameter.name] = parameter.default end
    if values[parameter.name] == nil and parameter.required then
      P.wrong(definition.name .. ": parameter " .. parameter.name .. " is missing", parameter.help)
    end
  end
  return setmetatable(values, { __metatable = false, __index = function(_, name)
    if not declared[name] then parameter_named(definition, name) end
  end })
end

-- definitions ---------------------------------------------------------------------------------------------------------------------------------------

local made

local function with(definition, presets)
  P.need(definition.name .. ".with: presets", presets, "table")
  local changed = {}
  for name, value in P.pairs(presets) do
    changed[name] = check_value(definition.name .. ".with: " .. tostring(name), parameter_named(definition, name), value)
  end
  local params = {}
  for i, parameter in ipairs(definition.params) do
    local copy = {}
    for key, value in pairs(parameter) do copy[key] = value end
    if changed[copy.name] ~= nil then copy.default, copy.required = changed[copy.name], false end
    params[i] = copy
  end
  return made { name = definition.name, summary = definition.summary, help = definition.help, run = definition.run, exports = definition.exports, params = params }
end

function made(definition)
  local fields = { name = definition.name, summary = definition.summary }
  local value = setmetatable({}, { __index = fields, __metatable = false, __newindex = function()
    P.raise("script.invalid", definition.name .. " is defined; it cannot be changed", "use .with { ... } to preset its parameters")
  end })
  fields.with = function(first, second) return with(definition, definitions[first] and second or first) end -- .with{} and :with{}
  definitions[value] = definition
  return value
end

function playbook.define(spec)
  P.need("playbook.define: the definition", spec, "table")
  P.need_fields("playbook.define", spec, FIELDS)
  local name = P.need_title("playbook.define: name", spec.name)
  local what = "playbook.define " .. name
  P.need_title(what .. ": summary", spec.summary)
  P.need(what .. ": run", spec.run, "function")
  if spec.help ~= nil then P.need(what .. ": help", spec.help, "string") end
  if spec.params ~= nil then P.need(what .. ": params", spec.params, "table") end
  if spec.exports ~= nil then P.need(what .. ": exports", spec.exports, "table") end
  return made {
    name = name,
    summary = spec.summary,
    help = spec.help,
    run = spec.run,
    exports = spec.exports or {},
    params = read_parameters(what, spec.params or {}),
  }
end

-- typed values --------------------------------------------------------------------------------------------------------------------------------------

local methods = {} -- type name -> {functions, where}
local metatables = {} -- type name -> metatable; the same for fresh and replayed values

local function metatable_of(name)
  if not metatables[name] then
    metatables[name] = { __metatable = false, __index = function(_, key)
      local declared = methods[name]
      return declared and declared.functions[key]
    end }
  end
  return metatables[name]
end
host.type_finder(function(_, name) return metatable_of(name) end)

function playbook.type(name, functions)
  P.need_title("playbook.type: name", name)
  P.need("playbook.type " .. name .. ": methods", functions, "table")
  local where = host.where() -- a module whose loading was cut short is loaded again
  if methods[name] and methods[name].where ~= where then P.wrong('playbook.type: "' .. name .. '" is declared already, at ' .. methods[name].where) end
  methods[name] = { functions = functions, where = where }
  return function(value)
    P.need(name, value, "table")
    value.type = name
    return setmetatable(value, metatable_of(name))
  end
end

function playbook.check(spec) P.declare_check(spec) end

function playbook.data(path)
  P.need_title("playbook.data: path", path)
  return host.data(path)
end

P.globals.playbook = P.view(playbook, "playbook", P.missing_field("playbook", playbook))
