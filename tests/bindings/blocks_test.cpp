#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

std::vector<std::string> words(std::initializer_list<const char*> list) { return {list.begin(), list.end()}; }

/// `name path args` of everything, enter and leave too.
std::vector<std::string> story(const Driver& d) {
  std::vector<std::string> lines;
  for (const Request& request : d.asked) {
    std::string line = request.name + " " + request.path;
    if (request.name == "enter")
      line += " " + request.args.at("kind").get<std::string>() + " " + request.args.at("title").get<std::string>();
    if (request.name == "leave") line += request.args.at("ok") == true ? " ok" : " failed";
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("positions are paths of scopes, counted per parent and title") {
  Driver d;
  d.value_of(R"(
    step("Back up", function() shop.get "a" shop.get "b" step("Inner", function() shop.get "c" end) end)
    step("Back up", function() shop.get "d" end)
    shop.get "e"
    step("and/or", function() shop.get "f" end))");
  REQUIRE(d.positions() == words({"Back up#1/shop.get#1", "Back up#1/shop.get#2", "Back up#1/Inner#1/shop.get#1", "Back up#2/shop.get#1",
                                  "shop.get#1", "and-or#1/shop.get#1"}));
}

TEST_CASE("step announces itself and gives what its function gives") {
  Driver d;
  REQUIRE(d.value_of("local a, b = step('One', function() return 1, 2 end) return { a, b }") == Json{1, 2});
  REQUIRE(story(d) == words({"enter One#1 step One", "leave One#1 ok"}));
}

TEST_CASE("an error passes through steps as it is, with the place where it came about") {
  Driver d;
  REQUIRE(d.value_of(R"(
    local mine = { code = "file.missing", message = "gone" }
    local ok, e = pcall(step, "One", function() error(mine) end)
    local _, text = pcall(step, "Two", function() error("text") end)
    return { ok, e == mine, text })") == Json{false, true, "t.lua:5: text"});
  REQUIRE(story(d) == words({"enter One#1 step One", "leave One#1 failed", "enter Two#1 step Two", "leave Two#1 failed"}));

  Error error = d.error_of("step('One', function()\n step('Two', function()\n local x = nil + 1 end) end)");
  REQUIRE(error.message() == "attempt to perform arithmetic on a nil value");
  REQUIRE(where_of(error) == "t.lua:4");
  REQUIRE_THAT(error.details()["traceback"].get<std::string>(), ContainsSubstring("t.lua:4\n") && ContainsSubstring("t.lua:3\n"));
}

TEST_CASE("wrong calls of the prelude are refused at the author's line") {
  struct Case {
    const char* body;
    const char* message;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"step(function() end)", "step: title must be a string, found a function"},
           {"step('  ', step)", "step: title must not be empty"},
           {"step('One')", "step One: what it does must be a function, found nothing"},
           {"gates(1)", "gates: the block must be a function, found 1"},
           {"downtime()", "downtime: the block must be a function, found nothing"},
           {"retry(function() end)", "retry: options must be a table, found a function"},
           {"retry({ attempt = 3 }, step)", "retry: \"attempt\" does not exist; did you mean \"attempts\"?"},
           {"retry({ attempts = 0 }, step)", "retry: attempts must be a number of at least 1, found 0"},
           {"retry({ wait = -1 }, step)", "retry: wait must be a number of at least 0, found -1"},
           {"confirm(nil)", "confirm: the question must be a string, found nothing"},
           {"confirm('x', { detail = 1 })", "confirm: \"detail\" does not exist; did you mean \"details\"?"},
           {"way_back('demo.restore')", "way_back: the function must be a function, found \"demo.restore\""},
           {"require()", "require: name must be a string, found nothing"},
           {"playbook.data(1)", "playbook.data: path must be a string, found 1"},
           {"playbook.accepted {}", "playbook.accepted: name must be a string, found a table"},
           {"playbook.instance()", "playbook.instance: the instance must be a table, found nothing"},
           {"playbook.check { name = 'X' }", "playbook.check: name must be like free_space, found \"X\""},
           {"xpcall(step)", "xpcall: the handler must be a function, found nothing"},
           {"coroutine.resume(1)", "coroutine.resume: coroutine must be a thread, found 1"},
       }) {
    Driver d;
    Error error = d.error_of(c.body);
    CHECK(error.message() == c.message);
    CHECK(error.code() == Code::argument_invalid);
    CHECK(where_of(error) == "t.lua:2");
  }
}

TEST_CASE("retry tries again what may pass, and waits in between") {
  Driver d;
  d.answer = [](const Request& request) {
    if (request.name == "shop.get" && request.args["key"] != "3") return fail({Code::http_failed, "no answer"});
    return say("fine");
  };
  REQUIRE(d.value_of("return retry({ attempts = 5, wait = 0.5 }, function(n) return shop.get(tostring(n)) end)") == "fine");
  REQUIRE(story(d) ==
          words({"enter retry#1 retry retry", "enter retry#1/attempt#1 attempt attempt 1", "shop.get retry#1/attempt#1/shop.get#1",
                 "leave retry#1/attempt#1 failed", "clock.sleep retry#1/clock.sleep#1", "enter retry#1/attempt#2 attempt attempt 2",
                 "shop.get retry#1/attempt#2/shop.get#1", "leave retry#1/attempt#2 failed", "clock.sleep retry#1/clock.sleep#2",
                 "enter retry#1/attempt#3 attempt attempt 3", "shop.get retry#1/attempt#3/shop.get#1", "leave retry#1/attempt#3 ok",
                 "leave retry#1 ok"}));
}

TEST_CASE("retry gives up with the last error, and at once where another attempt cures nothing") {
  Driver d;
  d.answer = [](const Request& request) {
    return request.name == "shop.get"   ? fail({Code::http_failed, "no answer"})
           : request.name == "shop.put" ? fail({Code::cancelled, "stop"})
                                        : say(1);
  };
  Error error = d.error_of("retry({ attempts = 2 }, function()\n shop.get 'x' end)");
  REQUIRE(error.code() == Code::http_failed);
  REQUIRE(where_of(error) == "t.lua:3");
  REQUIRE(d.positions().size() == 2);
  for (const char* body : {"error('mistake')", "shop.gett 'x'", "shop.get(1)", "shop.put {}", "local x = nil .. 'x'", "error()"}) {
    Driver once;
    once.answer = d.answer;
    once.error_of(std::string("local n = 0 retry({ attempts = 3, wait = 1 }, function() ") + body + " end)");
    CHECK(once.positions().size() <= 1);
  }
}

TEST_CASE("confirm asks and gives a boolean") {
  Driver d;
  d.answer = [](const Request& request) { return say(request.args.value("text", "") == "Go on?"); };
  REQUIRE(d.value_of("return { confirm('Go on?', { details = { rows = 3 } }), confirm 'Stop?', playbook.accepted 'breaking' }") ==
          Json{true, false, false});
  REQUIRE(d.asked[0].path == "confirm#1");
  REQUIRE(d.asked[0].args == Json{{"text", "Go on?"}, {"details", {{"rows", 3}}}});
  REQUIRE(d.asked[2].args == Json{{"name", "breaking"}});
}

// downtime
// --------------------------------------------------------------------------------------------------------------------------------------------

namespace {

constexpr const char* kDemo = R"(
local M = {}
function M.stop_writers(app) shop.get("stop " .. app.name) end
function M.unfence(app) shop.get("unfence " .. app.name) end
function M.restore(app, set) shop.get("restore " .. app.name .. set) end
return M)";

constexpr const char* kInstance = "local demo = require 'demo' playbook.instance { module = 'demo', name = 'a' }\n";

}  // namespace

TEST_CASE("downtime stops the writers, works, and releases them") {
  Driver d;
  d.sources.modules["demo"] = kDemo;
  REQUIRE(d.value_of(std::string(kInstance) + "return downtime(function() shop.get 'work' return 7 end)") == 7);
  REQUIRE(story(d) ==
          words({"instance instance#1", "enter downtime#1 downtime downtime", "downtime_begin downtime#1/downtime_begin#1",
                 "shop.get downtime#1/shop.get#1", "downtime_closed downtime#1/downtime_closed#1", "shop.get downtime#1/shop.get#2",
                 "shop.get downtime#1/shop.get#3", "downtime_end downtime#1/downtime_end#1", "leave downtime#1 ok"}));
  REQUIRE(d.asked[0].args == Json{{"module", "demo"}, {"name", "a"}});
  REQUIRE(d.asked[2].args == Json::object());
  REQUIRE(d.asked[3].args["key"] == "stop a");
  REQUIRE(d.asked[6].args["key"] == "unfence a");
}

TEST_CASE("downtime needs an instance that can be stopped") {
  Driver d;
  Error error = d.error_of("downtime(function() end)");
  REQUIRE(error.code() == Code::instance_missing);
  REQUIRE(error.message() == "downtime needs to know the instance whose writers it stops");
  d.sources.modules["bare"] = "return {}";
  error = d.error_of("playbook.instance { module = 'bare' }");
  REQUIRE(error.message() == "playbook.instance: bare exports no function stop_writers");
  d.sources.modules["demo"] = kDemo;
  error = d.error_of(std::string(kInstance) + "downtime(function() downtime(function() end) end)");
  REQUIRE(error.message() == "downtime cannot stand inside downtime");
}

TEST_CASE("an error leaves downtime without releasing the writers") {
  Driver d;
  d.sources.modules["demo"] = kDemo;
  d.error_of(std::string(kInstance) + "downtime(function() error 'x' end)");
  REQUIRE(d.asked.back().name == "leave");
  REQUIRE(d.asked[d.asked.size() - 2].name == "downtime_closed");
}

TEST_CASE("a way back is an exported function and plain data") {
  Driver d;
  d.sources.modules["demo"] = kDemo;
  d.value_of(std::string(kInstance) + "step('S', function() way_back(demo.restore, { name = 'a' }, 'set', nil) end)");
  REQUIRE(d.asked[2].name == "way_back");
  REQUIRE(d.asked[2].path == "S#1/way_back#1");
  REQUIRE(d.asked[2].args == Json{{"module", "demo"}, {"function", "restore"}, {"args", {{{"name", "a"}}, "set", nullptr}}});
  REQUIRE(d.value_of(std::string(kInstance) + "way_back(demo.restore) return 1") == 1);
  REQUIRE(d.asked.back().args["args"] == Json::array());

  Error error = d.error_of("way_back(function() end)");
  REQUIRE(error.code() == Code::argument_invalid);
  REQUIRE(error.message() == "way_back: the function is not exported by a module");
  error = d.error_of(std::string(kInstance) + "way_back(demo.restore, { f = step })");
  REQUIRE(error.message() == "way_back: args[1].f is a function, which is not plain data");
  REQUIRE(where_of(error) == "t.lua:3");
}

TEST_CASE("a playbook's own exports can be a way back") {
  Driver d;
  Turn turn = d.run(
      "local function back(x) return shop.get(x) end\n"
      "return playbook.define { name = 't', summary = 't', exports = { back = back, stop_writers = back }, run = function() way_back(back, "
      "'x') "
      "playbook.instance { module = '@playbook' } end }");
  REQUIRE(turn.kind == Turn::Kind::finished);
  REQUIRE(d.asked[0].args == Json{{"module", "@playbook"}, {"function", "back"}, {"args", {"x"}}});
  REQUIRE(d.drive(*d.program->function("@playbook", "back", Json{"y"}, "undo/x@1/")).kind == Turn::Kind::finished);
  REQUIRE(d.asked.back().path == "undo/x@1/shop.get#1");
}

TEST_CASE("exports of a preset playbook keep the name of their module") {
  Driver d;
  d.sources.modules["demo.upgrade"] =
      "local function back() end return playbook.define { name = 't', summary = 't', params = { a = {} }, exports = { back = back }, run = "
      "function() "
      "way_back(back) end }";
  Turn turn = d.run("return require('demo.upgrade').with { a = 'x' }");
  REQUIRE(turn.kind == Turn::Kind::finished);
  REQUIRE(d.asked[0].args == Json{{"module", "demo.upgrade"}, {"function", "back"}, {"args", Json::array()}});
  REQUIRE(d.program->function("demo.upgrade", "back", Json::array(), "") != nullptr);
  REQUIRE(d.program->function("@playbook", "back", Json::array(), "") != nullptr);
}
