-- What C++ starts coroutines with. Each reads what it was made for with host.start() and gives its result with host.finish().
local host, P = ...

local entries = {}
P.entries = entries

--- The definition as plain data.
local function plain(definition)
  local parameters = host.as_list {}
  for i, parameter in ipairs(definition.params) do
    parameters[i] = { name = parameter.name, type = parameter.type, required = parameter.required, fallback = parameter.default, help = parameter.help,
      choices = parameter.choices }
  end
  return { name = definition.name, summary = definition.summary, help = definition.help, parameters = parameters }
end

-- For `playbook eval`: an expression, or a body that may return something.
local function expression(name, text)
  local ok, chunk = pcall(host.load, name, "return " .. text)
  if not ok then chunk = host.load(name, text) end
  return { name = name, summary = "a piece of Lua", run = setfenv(chunk, P.environment), exports = {}, params = {} }
end

local function read_playbook(name, text)
  local value = P.run_chunk(name, name, text)
  local definition = P.definition_of(value)
  if not definition then
    P.raise("script.invalid", name .. " returns " .. P.describe(value) .. "; a playbook returns playbook.define { ... }",
      "end it with return playbook.define { name = ..., summary = ..., run = function(p) ... end }", { where = name })
  end
  return definition
end

function entries.load()
  local start = host.start()
  local read = start.as == "expression" and expression or read_playbook
  P.definition = read(start.name, start.text)
  P.note_exports("@playbook", P.definition.exports)
  host.finish(plain(P.definition), "the definition")
end

function entries.main()
  local definition = P.definition
  P.begin_run("", host.defined(definition.run))
  local result = definition.run(P.complete_params(definition, host.start().params))
  host.finish(result, "what run returns: it")
end

--- Is there such an exported function? Loads its module.
function entries.find()
  local start = host.start()
  host.finish(P.find_export(start.module, start.name) ~= nil, "it")
end

function entries.call()
  local start = host.start()
  local f = P.find_export(start.module, start.name)
  P.begin_run(start.prefix, host.defined(f))
  local args = start.args or {}
  local n = table.maxn(args)
  for i = 1, n do
    if args[i] == host.null then args[i] = nil end
  end
  local result = f(unpack(args, 1, n))
  host.finish(result, start.module .. "." .. start.name .. ": its result")
end
