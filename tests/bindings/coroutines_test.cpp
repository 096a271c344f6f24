#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Echo : Driver {
  Echo() {
    answer = [](const Request& request) { return say(request.args.value("key", "")); };
  }
};

}  // namespace

TEST_CASE("primitives work inside the author's coroutines, however nested") {
  Echo d;
  REQUIRE(d.value_of(R"(
    local out = {}
    local function walk(n)
      return coroutine.wrap(function()
        coroutine.yield(shop.get("a" .. n))
        if n > 0 then for v in walk(n - 1) do coroutine.yield(v) end end
        local ok, e = pcall(function() coroutine.yield(shop.get("b" .. n)) end)
      end)
    end
    for v in walk(2) do out[#out + 1] = v end
    return out)") == Json{"a2", "a1", "a0", "b0", "b1", "b2"});
  REQUIRE(d.asked[0].where == "t.lua:6");
}

TEST_CASE("coroutine.resume gives what the author yields and raises") {
  Echo d;
  REQUIRE(d.value_of(R"(
    local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) shop.get "x" error({ code = b }) end)
    local ok1, v = coroutine.resume(co, 1)
    local s1 = coroutine.status(co)
    local ok2, e = coroutine.resume(co, "boom")
    local ok3, dead = coroutine.resume(co)
    return { ok1, v, s1, ok2, e.code, coroutine.status(co), ok3, dead })") ==
          Json{true, 2, "suspended", false, "boom", "dead", false, "cannot resume dead coroutine"});
  Error error = d.error_of("local f = coroutine.wrap(function() end) f()\nf()");
  REQUIRE(error.message() == "cannot resume a coroutine that is dead");
  REQUIRE(where_of(error) == "t.lua:3");
}

TEST_CASE("primitives work in metamethods, iterators and a primitive as coroutine body") {
  Echo d;
  REQUIRE(d.value_of(R"(
    local t = setmetatable({}, { __index = function(_, k) return shop.get(k) end, __lt = function() return shop.get "lt" == "lt" end,
      __concat = function(_, b) return shop.get "c" .. b end })
    local out = { t.index, t < t, t .. "x" }
    for v in function() local v = shop.get "iter" if #out < 4 then return v end end do out[#out + 1] = v end
    out[#out + 1] = coroutine.wrap(shop.get)("body")
    return out)") == Json{"index", true, "cx", "iter", "body"});
  REQUIRE(d.asked.back().where == "t.lua:7");
}

TEST_CASE("a coroutine stays in the scope where it was created") {
  Echo d;
  d.value_of(R"(
    local gen
    step("Make", function() gen = coroutine.wrap(function() shop.get "1" coroutine.yield() shop.get "2" end) shop.get "0" end)
    step("Use", function() gen() shop.get "x" gen() shop.get "y" end)
    step("In", function() coroutine.wrap(function() step("Own", function() shop.get "z" end) end)() end))");
  REQUIRE(d.positions() == std::vector<std::string>{"Make#1/shop.get#1", "Make#1/shop.get#2", "Use#1/shop.get#1", "Make#1/shop.get#3",
                                                    "Use#1/shop.get#2", "In#1/Own#1/shop.get#1"});
}

TEST_CASE("coroutines made while a module loads work in the run") {
  Echo d;
  d.sources.modules["lazy"] = "return { next = coroutine.wrap(function() while true do coroutine.yield(shop.get 'x') end end) }";
  REQUIRE(d.value_of("local lazy = require 'lazy' return step('S', function() return lazy.next() .. lazy.next() end)") == "xx");
}

TEST_CASE("where LuaJIT cannot wait, a primitive says so in plain words") {
  constexpr const char* kText =
      "a primitive cannot be called in a table.sort comparator, a string.gsub callback or an xpcall handler: LuaJIT cannot wait there";
  for (const char* body : {
           "table.sort({ 2, 1 }, function(a, b) return shop.get 'x' < 'y' end)",
           "local x = ('a'):gsub('a', function() return shop.get 'x' end)",
           "local _, e = xpcall(error, function() return select(2, pcall(shop.get, 'x')) end) error(e, 0)",
           "local f = coroutine.wrap(function() coroutine.yield() shop.get 'x' end) f() table.sort({ 2, 1 }, function() f() end)",
           "local x = tostring(setmetatable({}, { __tostring = function() return shop.get 'x' end }))",
       }) {
    Echo d;
    Error error = d.error_of(body);
    INFO(body);
    CHECK(error.message() == kText);
    CHECK(error.code() == Code::script_invalid);
    CHECK(where_of(error) == "t.lua:2");
  }
}

TEST_CASE("yield outside of a coroutine is refused") {
  Echo d;
  Error error = d.error_of("coroutine.yield(1)");
  REQUIRE(error.message() == "coroutine.yield is called outside of a coroutine");
  REQUIRE(where_of(error) == "t.lua:2");
  REQUIRE(d.load_error("coroutine.yield(1)").message() == "coroutine.yield is called outside of a coroutine");
  REQUIRE(d.value_of("return coroutine.running() == nil") == true);
}

TEST_CASE("two programs live side by side") {
  Echo a, b;
  std::string text = "return playbook.define { name = 't', summary = 't', run = function() return shop.get 'x' .. shop.get 'y' end }";
  auto first = a.load(text).main(nullptr), second = b.load(text).main(nullptr);
  Turn one = first->resume({}), two = second->resume({});
  one = first->resume(say("1"));
  two = second->resume(say("2"));
  REQUIRE(first->resume(say("1")).result == "11");
  REQUIRE(second->resume(say("2")).result == "22");
}
