#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kChecks = R"(
playbook.check { name = "roomy", title = "enough room", run = function(free) return free > 10, "only " .. free .. " GiB", "make room" end }
playbook.check { name = "signed", title = "signed", override = false, run = function() return false end }
playbook.check { name = "calm", title = "calm", while_up = true, run = function() return shop.get "load" == "low", "busy" end }
playbook.check { name = "odd", title = "odd", run = function() return nil end }
playbook.check { name = "whole", title = "whole", run = function(list) return list, "mend it" end }
playbook.check { name = "reads", title = "reads", run = function() return shop.get "x" == 1 end }
return {})";

struct Checks : Driver {
  Checks() {
    sources.modules["checks"] = kChecks;
    sources.modules["demo"] = "return { stop_writers = function() end }";
  }
  Turn play(const std::string& body) { return run_body("require 'checks' " + body); }
  /// Requests of that name.
  std::vector<Json> of(const std::string& name) const {
    std::vector<Json> list;
    for (const Request& request : asked)
      if (request.name == name) list.push_back(request.args);
    return list;
  }
};

Answer override_all(const Request& request) { return say(request.name == "gate" ? Json{{"overridden", true}} : Json(nullptr)); }

}  // namespace

TEST_CASE("gates are all asked and reported together") {
  Checks d;
  Turn turn = d.play(
      "gates(function()\n gate.roomy(3)\n gate.roomy(30)\n gate('in time', false, 'it is late', 'wait')\n gate('fine', true)\n end) return "
      "1");
  REQUIRE(turn.kind == Turn::Kind::failed);
  REQUIRE(turn.error->code() == Code::gate_refused);
  REQUIRE(turn.error->message() == "2 of 4 gates refuse: roomy, in time");
  REQUIRE(turn.error->hint() == "mend what they name and run it again, or override one by its name: --override NAME --reason TEXT");
  REQUIRE(turn.error->details()["gates"] ==
          Json{{{"name", "roomy"}, {"title", "enough room"}, {"message", "only 3 GiB"}, {"hint", "make room"}},
               {{"name", "in time"}, {"title", "in time"}, {"message", "it is late"}, {"hint", "wait"}}});
  REQUIRE(where_of(*turn.error) == "t.lua:2");
  REQUIRE(d.positions() ==
          std::vector<std::string>{"gates#1/roomy#1/gate#1", "gates#1/roomy#2/gate#1", "gates#1/gate#1", "gates#1/gate#2"});
  REQUIRE(d.of("gate")[1] == Json{{"name", "roomy"}, {"title", "enough room"}, {"ok", true}, {"override", true}});
}

TEST_CASE("one gate that refuses is said in the singular") {
  Checks d;
  Turn turn = d.play("gates(function() gate.signed() end)");
  REQUIRE(turn.error->message() == "1 of 1 gates refuses: signed");
  REQUIRE(turn.error->hint() == "mend what they name and run it again");
  REQUIRE(d.of("gate")[0] == Json{{"name", "signed"}, {"title", "signed"}, {"ok", false}, {"message", "signed: no"}, {"override", false}});
}

TEST_CASE("an overridden gate lets pass") {
  Checks d;
  d.answer = override_all;
  REQUIRE(d.play("gates(function() gate.roomy(1) end) return 'on'").result == "on");
}

TEST_CASE("a check that raises refuses with its error, and the others are asked all the same") {
  Checks d;
  d.answer = [](const Request& request) {
    return request.name == "shop.get" ? fail({Code::http_failed, "no answer", "look at it"}) : say(nullptr);
  };
  Turn turn = d.play("gates(function() gate.reads() gate.odd() gate.roomy(20) end)");
  REQUIRE(turn.error->message() == "2 of 3 gates refuse: reads, odd");
  REQUIRE(d.of("gate")[0]["message"] == "no answer");
  REQUIRE(d.of("gate")[0]["hint"] == "look at it");
  REQUIRE(d.of("gate")[0]["details"] == Json{{"code", "http.failed"}});
  REQUIRE(d.of("gate")[1]["message"] == "check odd must return true, false or a list of what is wrong, found nothing");
}

TEST_CASE("a check may say what is wrong as a list, and nothing is wrong where it is empty") {
  Checks d;
  Turn turn = d.play("gates(function() gate.whole {} gate.whole { 'a is gone', 'b is torn' } gate.whole { {} } end)");
  REQUIRE(turn.error->message() == "2 of 3 gates refuse: whole, whole");
  REQUIRE(d.of("gate")[1]["message"] == "a is gone; b is torn");
  REQUIRE(d.of("gate")[1]["hint"] == "mend it");
  REQUIRE(d.of("gate")[2]["message"] == "check whole: what is wrong must be a string, found a table");
}

TEST_CASE("a cancelled check ends the gates") {
  Checks d;
  d.answer = [](const Request& request) { return request.name == "shop.get" ? fail({Code::cancelled, "stop"}) : say(nullptr); };
  REQUIRE(d.play("gates(function() gate.reads() gate.roomy(1) end)").error->code() == Code::cancelled);
  REQUIRE(d.of("gate").empty());
}

TEST_CASE("a check of what only the real run knows is told so and neither passes nor refuses") {
  Checks d;
  d.answer = [](const Request& request) { return request.name == "shop.get" ? unknown("backup.create") : say(nullptr); };
  REQUIRE(d.play("local u = shop.get 'u' gates(function() gate.roomy(u) gate('spot', u) end) expect.roomy(u) return 1").result == 1);
  for (const Json& report : d.of("gate")) {
    REQUIRE(report["unknown"] == true);
    REQUIRE(report["ok"] == false);
    REQUIRE(report["message"] == "depends on backup.create");
  }
  REQUIRE(d.of("gate").size() == 2);
  REQUIRE(d.of("expect")[0]["unknown"] == true);
}

TEST_CASE("gates stand in gates blocks alone") {
  Checks d;
  Turn turn = d.play("\ngate.roomy(1)");
  REQUIRE(turn.error->message() == "gate roomy stands outside of gates(function() ... end)");
  REQUIRE(turn.error->hint() == "after a change, use expect instead");
  REQUIRE(where_of(*turn.error) == "t.lua:3");
  REQUIRE(d.play("gate('x', true)").error->message() == "gate x stands outside of gates(function() ... end)");
  REQUIRE(d.play("gates(function() gates(function() end) end)").error->message() == "gates cannot stand inside gates");
  REQUIRE(d.play("gates(function() gate.romy(1) end)").error->message() == "gate.romy does not exist; did you mean \"gate.roomy\"?");
}

TEST_CASE("expect fails at the author's line") {
  Checks d;
  Turn turn = d.play("\nexpect.roomy(20)\nexpect.roomy(2)");
  REQUIRE(turn.error->code() == Code::expect_failed);
  REQUIRE(turn.error->message() == "only 2 GiB");
  REQUIRE(turn.error->hint() == "make room");
  REQUIRE(turn.error->details()["name"] == "roomy");
  REQUIRE(where_of(*turn.error) == "t.lua:4");
  REQUIRE(d.of("expect").size() == 2);
  REQUIRE(d.play("\nexpect('rows kept', 1 == 2)").error->message() == "rows kept: no");
  REQUIRE(d.positions().back() == "expect#1");
}

TEST_CASE("a check is declared once") {
  Driver d;
  d.sources.modules["one"] = "playbook.check { name = 'x', title = 'x', run = step }\nreturn {}";
  d.sources.modules["two"] = "\nplaybook.check { name = 'x', title = 'x', run = step }\nreturn {}";
  Error error = d.error_of("require 'one' require 'two'");
  REQUIRE(error.message() == "playbook.check: \"x\" is declared already, at one.lua:1");
  REQUIRE(where_of(error) == "two.lua:2");
}

// rechecks of a resumed run
// -----------------------------------------------------------------------------------------------------------------------------

TEST_CASE("a recheck asks all gates again under its prefix, and then the same thing") {
  Checks d;
  d.answer = [&](const Request& request) {
    if (request.name == "shop.set" && d.of("shop.set").size() == 1) return recheck(2);
    if (request.name == "shop.get") return say("low");
    return say("done");
  };
  Turn turn = d.play("step('Check', function() gates(function() gate.calm() gate.roomy(20) end) end)\nreturn shop.set('f', 'k', 1)");
  REQUIRE(turn.result == "done");
  REQUIRE(d.positions() == std::vector<std::string>{"Check#1/gates#1/calm#1/shop.get#1", "Check#1/gates#1/calm#1/gate#1",
                                                    "Check#1/gates#1/roomy#1/gate#1", "shop.set#1",
                                                    "resume#2/Check#1/gates#1/calm#1/shop.get#1", "resume#2/Check#1/gates#1/calm#1/gate#1",
                                                    "resume#2/Check#1/gates#1/roomy#1/gate#1", "shop.set#1"});
}

TEST_CASE("checks of the running application are left out of a recheck in downtime") {
  Checks d;
  d.answer = [&](const Request& request) {
    if (request.name == "shop.set" && d.of("shop.set").size() == 1) return recheck(1);
    return say(request.name == "shop.get" ? "low" : "done");
  };
  Turn turn = d.play(
      "playbook.instance { module = 'demo' } gates(function() gate.calm() gate.roomy(20) end) downtime(function() shop.set('f', 'k', 1) "
      "end)");
  REQUIRE(turn.kind == Turn::Kind::finished);
  REQUIRE(d.of("gate").size() == 3);
  REQUIRE(d.of("gate")[2]["name"] == "roomy");
}

TEST_CASE("a recheck that refuses is told to the engine") {
  Checks d;
  int free = 20;
  d.answer = [&](const Request& request) {
    if (request.name == "shop.set" && d.of("shop.set").size() == 1) {
      free = 1;
      return recheck(1);
    }
    if (request.name == "shop.get") return say(free);
    if (request.name == "recheck_failed") return fail({Code::drift, "gates refuse to go on"});
    return say("done");
  };
  Turn turn = d.play("gates(function() gate.roomy(shop.get 'free') end)\nshop.set('f', 'k', 1)");
  REQUIRE(turn.error->code() == Code::drift);
  REQUIRE(where_of(*turn.error) == "t.lua:3");
  REQUIRE(d.asked.back().path == "resume#1/recheck_failed#1");
  REQUIRE(d.asked.back().args["gates"][0]["message"] == "only 1 GiB");
}
