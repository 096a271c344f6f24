#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Refusal {
  const char* body;
  const char* code;
  const char* message;
};

void check_refusals(std::initializer_list<Refusal> refusals) {
  for (const Refusal& refusal : refusals) {
    Driver d;
    Error error = d.error_of(refusal.body);
    INFO(refusal.body);
    CHECK(error.message() == refusal.message);
    CHECK(to_string(error.code()) == refusal.code);
    CHECK(where_of(error) == "t.lua:2");
  }
}

}  // namespace

TEST_CASE("what leads out of the sandbox is not there, and says what to use instead") {
  check_refusals({
      {"local x = os.time()", "name.unknown", "os is not available to playbooks"},
      {"local x = io.open('x')", "name.unknown", "io is not available to playbooks"},
      {"print 'x'", "name.unknown", "print is not available to playbooks"},
      {"return load", "name.unknown", "load is not available to playbooks"},
      {"return rawset", "name.unknown", "rawset is not available to playbooks"},
      {"return debug", "name.unknown", "debug does not exist"},
      {"return getfenv", "name.unknown", "getfenv does not exist"},
      {"return string.dump", "name.unknown", "string.dump does not exist"},
      {"local x = ('').dump()", "script.failed", "attempt to call field 'dump' (a nil value)"},
      {"local x = stepp('x')", "name.unknown", "stepp does not exist; did you mean \"step\"?"},
      {"local x = shop.gett 'x'", "name.unknown", "shop.gett does not exist; did you mean \"shop.get\"?"},
      {"local x = math.random()", "script.invalid", "math.random would differ when the run is resumed"},
      {"local x = ('%p'):format({})", "script.invalid", "string.format: %p shows an address, which differs from run to run"},
      {"local x = setmetatable({}, { __mode = 'k' })", "script.invalid",
       "weak tables lose their fields at a time that differs from run to run"},
      {"local x = pairs({ [{}] = 1 })", "script.invalid", "a table with a table as key has no order that is the same in every run"},
      {"local x = next({ [print_me or 1] = 1 })", "name.unknown", "print_me does not exist"},
  });
}

TEST_CASE("nothing that scripts share can be changed") {
  check_refusals({
      {"leak = 1", "script.invalid", "global \"leak\" cannot be set"},
      {"function leak() end", "script.invalid", "global \"leak\" cannot be set"},
      {"_G.leak = 1", "script.invalid", "global \"leak\" cannot be set"},
      {"step = nil", "script.invalid", "global \"step\" cannot be set"},
      {"string.format = nil", "script.invalid", "string is read-only: format cannot be set"},
      {"shop.get = nil", "script.invalid", "shop is read-only: get cannot be set"},
      {"gate.mine = function() end", "script.invalid", "gate.mine cannot be set"},
      {"setmetatable(shop, {})", "script.failed", "cannot change a protected metatable"},
      {"setmetatable(_G, {})", "script.failed", "cannot change a protected metatable"},
      {"getmetatable('').__index = {}", "script.failed", "attempt to index a boolean value"},
      {"require('playbook').define = nil", "script.invalid", "playbook is read-only: define cannot be set"},
  });
}

TEST_CASE("iteration has one order: numbers, names, booleans") {
  Driver d;
  Json keys = d.value_of(R"(
    local seen, t = {}, { zebra = 1, [3] = 1, apple = 1, [1] = 1, mango = 1, [2.5] = 1, [true] = 1, [-1] = 1 }
    for key in pairs(t) do seen[#seen + 1] = tostring(key) end
    local walked, key = {}, next(t)
    while key ~= nil do walked[#walked + 1] = tostring(key) key = next(t, key) end
    return { seen = table.concat(seen, " "), walked = table.concat(walked, " ") })");
  REQUIRE(keys["seen"] == "-1 1 2.5 3 apple mango zebra true");
  REQUIRE(keys["walked"] == keys["seen"]);
}

TEST_CASE("pairs skips what its body removes, and sees through read-only views") {
  Driver d;
  d.sources.modules["lists"] = "return { b = 1, a = 2 }";
  REQUIRE(d.value_of("local t, n = { a = 1, b = 2, c = 3 }, 0 for k in pairs(t) do t.b = nil n = n + 1 end return n") == 2);
  REQUIRE(d.value_of("local out = '' for k, v in pairs(require 'lists') do out = out .. k .. v end return out") == "a2b1");
  REQUIRE(d.value_of("return next(require 'lists')") == "a");
  REQUIRE(d.value_of("return next({}) == nil") == true);
}

TEST_CASE("text shows no addresses") {
  Driver d;
  REQUIRE(d.value_of(R"(return { tostring({}), tostring(step), tostring(nil), tostring(null), ("%s %s %5.1f"):format({}, true, 1),
    tostring(coroutine.create(function() end)), tostring(setmetatable({}, { __tostring = function() return "mine" end })) })") ==
          Json{"table", "function", "nil", "null", "table true   1.0", "thread", "mine"});
}

TEST_CASE("errors of library functions name the author's line") {
  Driver d;
  Error error = d.error_of("\nlocal x = math.floor({})");
  REQUIRE(error.message() == "bad argument #1 to 'floor' (number expected, got table)");
  REQUIRE(where_of(error) == "t.lua:3");
  error = d.error_of("for _ in pairs(nil) do end");
  REQUIRE(error.message() == "bad argument #1 to 'pairs' (table expected, got nil)");
  REQUIRE(where_of(error) == "t.lua:2");
}

TEST_CASE("bytecode is refused") {
  Driver d;
  Error error = d.load_error("\x1bLJ\x02");
  REQUIRE(error.code() == Code::script_invalid);
  REQUIRE(error.message() == "t.lua is Lua bytecode; only source text is accepted");
  d.sources.modules["evil"] = "\x1bLJ\x02";
  REQUIRE(d.error_of("require 'evil'").message() == "evil.lua is Lua bytecode; only source text is accepted");
}
