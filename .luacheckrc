-- luacheck of the playbooks, the library and the prelude: `./dev check`.
local lua = { "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "require", "select", "setmetatable", "tonumber", "tostring", "type", "unpack",
  "xpcall", "bit", "coroutine", "math", "string", "table" }
local prelude = { "playbook", "step", "gates", "gate", "expect", "downtime", "way_back", "retry", "confirm", "null" }
local primitives = { "appsettings", "backup", "changelog", "clock", "compose", "container", "csproj", "dotenv", "file", "host", "http", "image", "json", "keys",
  "log", "migrate", "postgres", "process", "scratch", "secret", "service", "sqlite", "sqlserver", "version", "yaml" }

local globals = {}
for _, names in ipairs { lua, prelude, primitives } do
  for _, name in ipairs(names) do globals[#globals + 1] = name end
end

std = { read_globals = globals }
unused_args = false -- a check is handed what its callers have
max_line_length = 170
ignore = { "431/playbook", "211/_.*" } -- local playbook = require "playbook" is the custom
exclude_files = { "stdlib/meta", "bindings/lua/stubs", "build*" }
files["bindings/lua/prelude"] = { std = "luajit", ignore = { "122" } } -- the one place that may write into Lua's own tables
files["tests/embed"] = { read_globals = { "crew" } } -- what that embedder adds
