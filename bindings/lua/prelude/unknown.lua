-- Values that only a real run knows, in a plan. They are FFI values of a private type, because LuaJIT asks those, and no others, even where two types are
-- compared: version == "1.2" must not quietly be false. Only whether one is there at all (if value then) cannot be caught. Scripts never see the FFI.
local host = ...

local because = setmetatable({}, { __mode = "k" }) -- value -> what it depends on
local make

local function prepare()
  local ffi = host.open_ffi()
  local function used(...) host.known(...) end
  local events = {}
  for _, event in ipairs { "index", "newindex", "call", "concat", "len", "eq", "lt", "le", "unm", "add", "sub", "mul", "div", "mod", "pow", "tostring" } do
    events["__" .. event] = used
  end
  make = ffi.metatype(ffi.typeof "struct {}", events)
end

host.unknowns(function(text)
  if not make then prepare() end
  local value = make()
  because[value] = text
  return value
end, function(value) return because[value] end)
