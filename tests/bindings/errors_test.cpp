#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("whatever a script raises becomes an error with the author's line") {
  struct Case {
    const char* body;
    const char* code;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"error 'text'", "script.failed", "text"},
           {"error('text', 0)", "script.failed", "text"},
           {"error('host:8080: refused', 0)", "script.failed", "host:8080: refused"},
           {"error('\\255bad')", "script.failed",
            "\xEF\xBF\xBD"
            "bad"},
           {"error()", "script.failed", "the script raised nil as its error"},
           {"error(nil)", "script.failed", "the script raised nil as its error"},
           {"error(7)", "script.failed", "7"},
           {"error(7, 0)", "script.failed", "the script raised the number 7 as its error"},
           {"error(true)", "script.failed", "the script raised the boolean true as its error"},
           {"error(step)", "script.failed", "the script raised a function as its error"},
           {"error(null)", "script.failed", "the script raised a userdata as its error"},
           {"error(coroutine.create(step))", "script.failed", "the script raised a thread as its error"},
           {"error(42LL)", "script.failed", "the script raised a cdata as its error"},
           {"error {}", "script.failed", "the script raised a table without a message"},
           {"error { 1, 2 }", "script.failed", "the script raised a table without a message"},
           {"error { message = 'm' }", "script.failed", "m"},
           {"error { code = 'file.missing', message = 'm', hint = 'h' }", "file.missing", "m"},
           {"error { code = 'acme.broken', message = 'm' }", "script.failed", "m"},
           {"error { code = 'acme.broken' }", "script.failed", "acme.broken"},
           {"error { code = {}, message = {} }", "script.failed", "the script raised a table without a message"},
           {"error(setmetatable({}, { __index = function() error 'inner' end }))", "script.failed",
            "the script raised a table without a message"},
           {"local x = nil + 1", "script.failed", "attempt to perform arithmetic on a nil value"},
           {"local x = shop.get 'x' .. {}", "script.failed", "attempt to concatenate a nil value"},
           {"assert(false)", "script.failed", "assertion failed!"},
           {"assert(nil, 'why')", "script.failed", "why"},
           {"xpcall(error, function() error 'in handler' end) error 'after'", "script.failed", "after"},
           {"coroutine.wrap(function() error 'in coroutine' end)()", "script.failed", "in coroutine"},
       }) {
    Driver d;
    Error error = d.error_of(c.body);
    INFO(c.body);
    CHECK(to_string(error.code()) == c.code);
    CHECK(error.message() == c.message);
    CHECK(where_of(error) == "t.lua:2");
    CHECK_FALSE(error.details().value("traceback", "").empty());
  }
}

TEST_CASE("an author's own code and details are kept") {
  Driver d;
  Error error = d.error_of("error { code = 'acme.broken', message = 'm', hint = 'h', details = { rows = 3, f = step } }");
  REQUIRE(error.hint() == "h");
  REQUIRE(error.details()["code"] == "acme.broken");
  error = d.error_of("error { code = 'expect.failed', message = 'm', details = { rows = { 1, 2 } } }");
  REQUIRE(error.details()["rows"] == Json{1, 2});
  REQUIRE(error.code() == Code::expect_failed);
}

TEST_CASE("errors of primitives are raised at the author's line and can be caught") {
  Driver d;
  d.answer = [](const Request&) { return fail({Code::file_missing, "no file .env", "make one", Json{{"path", ".env"}}}); };
  REQUIRE(d.value_of(R"(
    local ok, e = pcall(function()
      shop.get "x"
    end)
    return { ok, e.code, e.message, e.hint, e.details.path, e.where, tostring(e), "got: " .. e })") ==
          Json{false, "file.missing", "no file .env", "make one", ".env", "t.lua:4", "no file .env", "got: no file .env"});
  Error error = d.error_of("local function helper()\n shop.get 'x'\n end\n helper()");
  REQUIRE(error.code() == Code::file_missing);
  REQUIRE(error.hint() == "make one");
  REQUIRE(error.details()["path"] == ".env");
  REQUIRE(error.details()["where"] == "t.lua:3");
  REQUIRE(error.details()["traceback"] == "t.lua:3 in helper\nt.lua:5 in run");
}

TEST_CASE("a tail call still names a line of the author's") {
  Driver d;
  d.answer = [](const Request&) { return fail({Code::file_missing, "gone"}); };
  Error error = d.error_of("local function helper() return shop.get 'x' end\nhelper()");
  REQUIRE(where_of(error) == "t.lua:3");
  error = d.error_of("\nreturn shop.get 'x'");
  REQUIRE(where_of(error) == "t.lua:1");  // where run begins: no frame of it is left
  REQUIRE(d.asked.back().where == "t.lua:1");
}

TEST_CASE("arguments are checked at the author's line") {
  struct Case {
    const char* call;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"shop.set('f', 'k', 1, { pubic = true })", "shop.set: parameter \"pubic\" does not exist; did you mean \"public\"?"},
           {"shop.set('f', 'k')", "shop.set: parameter \"value\" is missing; expected any"},
           {"shop.set()", "shop.set: parameter \"file\" is missing; expected path"},
           {"shop.set(1, 'k', 1)", "shop.set: parameter \"file\" must be path, found integer"},
           {"shop.set('f', 'k', 1, true)",
            "shop.set: true is one argument too many; expected shop.set(file, key, value, { public = ... })"},
           {"shop.set('f', 'k', 1, { 2 })",
            "shop.set: a table is one argument too many; expected shop.set(file, key, value, { public = ... })"},
           {"shop.set('f', 'k', 1, {}, 5)",
            "shop.set: takes at most 4 arguments, found 5; expected shop.set(file, key, value, { public = ... })"},
           {"shop.set { file = 'f', key = 'k', value = 1 }",
            "shop.set: what is required goes by place, not by name; expected shop.set(file, key, value, { public = ... })"},
           {"shop.set('f', 'k', 1, { key = 'again' })",
            "shop.set: \"key\" is given twice, by place and by name; expected shop.set(file, key, value, { public = ... })"},
           {"shop.get { 'x' }", nullptr},
           {"shop.list({}, { limit = 1 })",
            "shop.list: takes at most 1 arguments, found 2; expected shop.list({ items = ..., limit = ... })"},
       }) {
    Driver d;
    Error error = d.error_of(c.call);
    INFO(c.call);
    CHECK(error.code() == Code::argument_invalid);
    if (c.message) CHECK(error.message() == c.message);
    CHECK(where_of(error) == "t.lua:2");
    CHECK(d.asked.empty());
  }
}

TEST_CASE("arguments go as the author passed them") {
  Driver d;
  d.value_of("shop.put { a = 1 } shop.list { items = {}, limit = 2 } shop.list() shop.set('f', 'k', false, nil)");
  REQUIRE(d.asked[0].args == Json{{"record", {{"a", 1}}}});
  REQUIRE(d.asked[1].args == Json{{"items", Json::object()}, {"limit", 2}});
  REQUIRE(d.asked[2].args == Json::object());
  REQUIRE(d.asked[3].args == Json{{"file", "f"}, {"key", "k"}, {"value", false}});
}

TEST_CASE("pcall around everything hides nothing from the engine") {
  Driver d;
  d.answer = [](const Request& request) { return request.name == "shop.get" ? fail({Code::file_missing, "gone"}) : say(1); };
  REQUIRE(d.value_of("local ok = pcall(shop.get, 'x') local ok2 = pcall(pcall, shop.get, 'y') return { ok, ok2, shop.put { z = 1 } }") ==
          Json{false, true, 1});
  REQUIRE(d.positions() == std::vector<std::string>{"shop.get#1", "shop.get#2", "shop.put#1"});
}
