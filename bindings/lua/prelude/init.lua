-- The trusted prelude: what a playbook sees is made here, over a few functions of C++ (`host`). Its parts share the private table `P`; the author's
-- chunks run in an environment of their own and reach neither. Gives the entries that C++ starts coroutines with.
local host = ...
local P = { globals = {}, playbook = {} }
for _, part in ipairs { "unknown", "core", "sandbox", "coroutines", "primitives", "checks", "blocks", "downtime", "modules", "definitions", "past", "entries" } do
  host.prelude(part)(host, P)
end
return P.entries
