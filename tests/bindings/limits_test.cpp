// A script can neither hang the host, nor use up its memory, nor hide either.
#include <chrono>
#include <thread>

#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

/// Requests cancellation from another thread once the script is under way.
struct Later {
  explicit Later(CancelToken& token)
      : thread([&token] {
          std::this_thread::sleep_for(std::chrono::milliseconds(30));
          token.request();
        }) {}
  ~Later() { thread.join(); }
  std::thread thread;
};

constexpr const char* kPlaybook =
    "return playbook.define { name = 't', summary = 't', exports = { back = function(x) return x * 2 end }, run = function(p)\n";

}  // namespace

TEST_CASE("an endless script is cancelled, whatever it does to go on") {
  for (const char* body : {
           "while true do end",
           "while true do pcall(function() while true do end end) end",
           "while true do pcall(error, 'x') end",
           "local co = coroutine.wrap(function() while true do end end) co()",
           "while true do coroutine.resume(coroutine.create(function() while true do end end)) end",
           "while true do xpcall(function() while true do end end, function(e) while true do end end) end",
           "xpcall(error, function() while true do end end, 'x')",
           "while true do xpcall(error, function() error 'again' end) end",
           "return pcall(function() while true do end end)",
           "return (pcall(pcall, pcall, function() while true do end end))",
           "local function f() while true do pcall(f) end end f()",
           "local function f() while true do xpcall(f, function() end) end end f()",
           "local function f() while true do coroutine.wrap(f)() end end pcall(f) while true do end",
           "local t = setmetatable({}, { __index = function() while true do end end }) local x = t.x",
           "table.sort({ 3, 2, 1 }, function() while true do end end)",
           "(('x'):rep(10)):gsub('x', function() while true do end end)",
           "step('x', function() while true do end end)",
           "gates(function() while true do pcall(gates, step) end end)",
           "for _ in function() return 1 end do end",
           "retry({ attempts = 1e9 }, function() error { code = 'http.failed', message = 'x' } end)",
           "error(setmetatable({}, { __index = function() while true do end end }))",
           "error(setmetatable({}, { __tostring = function() while true do end end })) ",
           "local t = {} for i = 1, 1e9 do t[i % 100] = tostring(i) end",
       }) {
    INFO(body);
    Driver d;
    d.load(std::string(kPlaybook) + body + "\nend }");
    auto begin = std::chrono::steady_clock::now();
    Turn turn;
    {
      Later later(d.cancel);
      turn = d.drive(*d.program->main(nullptr));
    }
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
    REQUIRE(turn.kind == Turn::Kind::failed);
    if (std::string(body).find("error(setmetatable") == std::string::npos) {
      CHECK(turn.error->code() == Code::cancelled);
      CHECK(turn.error->message() == "cancelled");
    }
    d.cancel.reset();
    CHECK(d.drive(*d.program->function("@playbook", "back", Json{21}, "undo/")).result == 42);  // a way back runs in the same state
  }
}

TEST_CASE("a playbook whose loading never ends is cancelled") {
  Driver d;
  Later later(d.cancel);
  Error error = d.load_error("while true do pcall(function() while true do end end) end");
  REQUIRE(error.code() == Code::cancelled);
}

TEST_CASE("a module whose loading was cancelled loads again for the way back") {
  Driver d;
  d.sources.modules["slow"] =
      "playbook.check { name = 'x', title = 'x', run = step }\nplaybook.type('slow.x', {})\n"
      "local n = playbook.data('n.json') while n > 0 do end return { back = function() return 'back' end }";
  d.sources.files["n.json"] = "1";
  d.load(std::string(kPlaybook) + "require 'slow' end }");
  {
    Later later(d.cancel);
    REQUIRE(d.drive(*d.program->main(nullptr)).error->code() == Code::cancelled);
  }
  d.cancel.reset();
  d.sources.files["n.json"] = "0";
  REQUIRE(d.drive(*d.program->function("slow", "back", Json::array(), "undo/")).result == "back");
}

TEST_CASE("a cancel that comes while a primitive works reaches the script") {
  Driver d;
  d.answer = [&](const Request& request) {
    if (request.name == "enter") return say(nullptr);
    d.cancel.request();
    return fail({Code::cancelled, "stopped"});
  };
  Turn turn = d.run_body("pcall(function() step('One', function() shop.get 'x' end) end) while true do end");
  REQUIRE(turn.error->code() == Code::cancelled);
  REQUIRE(d.asked.size() == 2);  // no leave was asked for
}

TEST_CASE("a memory bomb ends the script and leaves the state usable") {
  for (const char* body : {
           "local t = {} for i = 1, 1e9 do t[i] = i end",
           "local t = {} for i = 1, 1e9 do t[i] = ('k'):rep(1000) .. i end",
           "local s = 'x' while true do s = s .. s end",
           "local s = ('x'):rep(1e9)",
           "step('x', function() local t = {} for i = 1, 1e9 do t[i] = { i } end end)",
           "local keep = {} pcall(function() for i = 1, 1e9 do keep[i] = { i } end end) error('not enough memory', 0)",
           "coroutine.wrap(function() local t = {} for i = 1, 1e9 do t[i] = i end end)()",
       }) {
    INFO(body);
    Driver d;
    d.memory_cap = 16u << 20;
    d.load(std::string(kPlaybook) + body + "\nend }");
    Turn turn = d.drive(*d.program->main(nullptr));
    REQUIRE(turn.kind == Turn::Kind::failed);
    CHECK(turn.error->code() == Code::memory_exceeded);
    CHECK(turn.error->message() == "the script used more than 16.0 MiB of memory");
    CHECK_THAT(where_of(*turn.error), StartsWith("t.lua:"));
    CHECK(d.drive(*d.program->function("@playbook", "back", Json{21}, "undo/")).result == 42);
  }
}

TEST_CASE("an answer that is too large ends the script, not the process") {
  Driver d;
  d.memory_cap = 8u << 20;
  d.answer = [](const Request&) { return say(std::string(20u << 20, 'x')); };
  REQUIRE(d.run_body("shop.get 'x'").error->code() == Code::memory_exceeded);
}

TEST_CASE("endless recursion is an error of the script") {
  Driver d;
  Error error = d.error_of("local function f() return 1 + f() end f()");
  REQUIRE(error.code() == Code::script_failed);
  REQUIRE(error.message() == "stack overflow");
  REQUIRE(where_of(error) == "t.lua:2");
  error = d.error_of("local function f() step('x', f) end f()");
  REQUIRE(error.code() == Code::script_invalid);
  REQUIRE(error.message() == "step: blocks are nested deeper than 100 levels");
}
