#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("plain values cross into Lua and back unchanged") {
  Driver d;
  for (const Json& value : std::initializer_list<Json>{
           Json(nullptr), Json(true), Json(false), Json(0), Json(-7), Json(1.5), Json("text"), Json("späß"), Json(std::string("a\0b", 3)),
           Json::array(), Json::object(), Json{1, 2, 3}, Json{{"a", {{"b", Json::array({1, nullptr, 3})}}}}, Json(9007199254740992)}) {
    d.answer = [&](const Request&) { return say(value); };
    CHECK(d.value_of("return shop.get('x')") == value);
  }
}

TEST_CASE("whole numbers become integers, others stay fractions") {
  Driver d;
  REQUIRE(d.value_of("return { 2^53, 10 / 2, 0.5, -0 }").dump() == "[9007199254740992,5,0.5,0]");
}

TEST_CASE("integers that a double cannot hold reach Lua as strings") {
  Driver d;
  d.answer = [](const Request&) {
    return say(Json{{"big", 9007199254740993}, {"huge", 18446744073709551615u}, {"low", -9007199254740993}});
  };
  REQUIRE(d.value_of("return shop.get('x')") ==
          Json{{"big", "9007199254740993"}, {"huge", "18446744073709551615"}, {"low", "-9007199254740993"}});
}

TEST_CASE("null is nil in a map and null in a list") {
  Driver d;
  d.answer = [](const Request&) { return say(Json{{"gone", nullptr}, {"list", {1, nullptr, 3}}}); };
  REQUIRE(d.value_of("local v = shop.get('x') return { v.gone == nil, v.list[2] == null, #v.list }") == Json{true, true, 3});
  REQUIRE(d.value_of("return { a = null }") == Json{{"a", nullptr}});
}

TEST_CASE("what is not plain data is refused with the path to it") {
  struct Case {
    const char* value;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"{ f = step }", "shop.put: record.f is a function, which is not plain data"},
           {"{ a = { { b = step } } }", "shop.put: record.a[1].b is a function, which is not plain data"},
           {"{ c = coroutine.create(step) }", "shop.put: record.c is a thread, which is not plain data"},
           {"{ x = 42LL }", "shop.put: record.x is a cdata, which is not plain data"},
           {"{ n = 0/0 }", "shop.put: record.n is not a number (0/0)"},
           {"{ n = 1/0 }", "shop.put: record.n is infinite"},
           {"{ n = -1/0 }", "shop.put: record.n is infinite"},
           {"{ n = 2^53 + 2 }", "shop.put: record.n is a number above 2^53, which Lua does not hold exactly"},
           {"{ s = '\\255' }", "shop.put: record.s is not UTF-8 text"},
           {"{ ['\\255'] = 1 }", "shop.put: record has a key that is not UTF-8 text"},
           {"{ list = { 1, 2, [4] = 4 } }", "shop.put: record.list is a list with a hole"},
           {"{ list = { 1, x = 2 } }", "shop.put: record.list mixes a list and named fields"},
           {"{ list = { [0] = 1 } }", "shop.put: record.list has the key 0; keys are names, or 1, 2, 3, ..."},
           {"{ list = { [1.5] = 1 } }", "shop.put: record.list has the key 1.5; keys are names, or 1, 2, 3, ..."},
           {"{ list = { [true] = 1 } }", "shop.put: record.list has a boolean as key; keys are names, or 1, 2, 3, ..."},
           {"cycle()", "shop.put: record.a.self contains itself"},
           {"deep(100)", nullptr},
       }) {
    Driver d;
    Turn turn = d.run_body(std::string("shop.put(") + c.value + ")",
                           "local function cycle() local t = { a = {} } t.a.self = t.a return t end "
                           "local function deep(n) local t = {} for _ = 1, n do t = { n = t } end return t end ");
    INFO(c.value);
    REQUIRE(turn.kind == Turn::Kind::failed);
    if (c.message)
      CHECK(turn.error->message() == c.message);
    else
      CHECK_THAT(turn.error->message(), ContainsSubstring("is nested deeper than 64 levels"));
    CHECK(turn.error->code() == Code::argument_invalid);
    CHECK(where_of(*turn.error) == "t.lua:2");
    CHECK(d.asked.empty());
  }
}

TEST_CASE("the same table in two places is no cycle") {
  Driver d;
  REQUIRE(d.value_of("local t = { 1 } return { a = t, b = t }") == Json{{"a", {1}}, {"b", {1}}});
}

TEST_CASE("a result that is not plain data is refused") {
  Driver d;
  REQUIRE(d.error_of("return { f = step }").message() == "what run returns: it.f is a function, which is not plain data");
}

TEST_CASE("values get the methods of their declared type, fresh or from the host, and keep them to themselves") {
  Driver d;
  d.sources.modules["demo"] =
      "local M = {} M.instance = playbook.type('demo.instance', { url = function(self) return 'http://' .. self.host end }) return M";
  d.answer = [](const Request& request) {
    if (request.name == "shop.get") return say(Json{{"inner", {{"type", "demo.instance"}, {"host", "h"}}}});
    return say(request.args.at("record"));
  };
  REQUIRE(d.value_of("require 'demo' return shop.get('x').inner:url()") == "http://h");
  REQUIRE(d.value_of("local v = shop.get('x') require 'demo' return v.inner:url()") == "http://h");
  REQUIRE(d.value_of("local app = require('demo').instance { host = 'mine' } return app:url()") == "http://mine");
  REQUIRE(d.value_of("local app = require('demo').instance { host = 'mine' } return shop.put(app)") ==
          Json{{"type", "demo.instance"}, {"host", "mine"}});
  REQUIRE(d.value_of("return shop.get('x').inner.nothing == nil") == true);
}

TEST_CASE("read-only views cross as what they show") {
  Driver d;
  d.sources.modules["facts"] = "return { image = 'acme/app', ports = { 80, 443 } }";
  REQUIRE(d.value_of("return require 'facts'") == Json{{"image", "acme/app"}, {"ports", {80, 443}}});
}

TEST_CASE("any use of a value that only the real run knows is refused") {
  for (const char* use : {
           "local x = u.field",
           "u.field = 1",
           "u()",
           "local x = u + 1",
           "local x = 1 - u",
           "local x = -u",
           "local x = u .. 'x'",
           "local x = 'x' .. u",
           "local x = #u",
           "local x = u < u",
           "local x = u <= u",
           "local x = u < 1",
           "local x = 1 > u",
           "local x = u >= 'a'",
           "local x = u == 1",
           "local x = 'a' ~= u",
           "local x = u == nil",
           "local x = {} == u",
           "local x = u == u",
           "for x in u do end",
           "tostring(u)",
           "tonumber(u)",
           "type(u)",
           "for _ in pairs(u) do end",
           "for _ in ipairs(u) do end",
           "next(u)",
           "string.upper(u)",
           "math.floor(u)",
           "('%s'):format(u)",
           "table.concat(u)",
           "shop.get(u)",
           "shop.put { x = { u } }",
           "shop.list(u)",
           "step(u, step)",
           "u:method()",
       }) {
    Driver d;
    d.answer = [](const Request&) { return unknown("backup.create at t.lua:2"); };
    Error error = d.error_of(std::string("local u = shop.get('x');\n") + use);
    INFO(use);
    CHECK(error.message() == "depends on backup.create at t.lua:2");
    CHECK(error.code() == Code::plan_unknown);
    CHECK(where_of(error) == "t.lua:3");
  }
}

TEST_CASE("an unknown value may be kept, passed on and returned") {
  Driver d;
  d.answer = [](const Request&) { return unknown("x"); };
  REQUIRE(d.value_of("local u = shop.get('x') local t = { u } table.insert(t, u) for _, v in pairs(t) do t.x = v end local function f(v) "
                     "return v end return f(t[1])")
              .is_null());
}
