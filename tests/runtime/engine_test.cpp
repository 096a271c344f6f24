#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/engine_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

FakeRequest put(const std::string& path, const std::string& name, const std::string& value) {
  return {path, "world.put", {{"name", name}, {"value", value}}, false};
}
FakeRequest get(const std::string& path, const std::string& name) { return {path, "world.get", {{"name", name}}, false}; }
FakeRequest own(const std::string& path, const std::string& name, Json args = Json::object()) {
  return {path, name, std::move(args), false};
}

const Json kSet{{"type", "backup.set"}, {"path", "/set/1"}};

/// Stops the writers, backs up, opens a way back to module.restore, and wipes.
std::vector<FakeRequest> whole_downtime() {
  return {own("instance#1", "instance", {{"module", "shop"}, {"version", "1"}}),
          put("before#1", "a", "1"),
          own("downtime#1/downtime_begin#1", "downtime_begin"),
          own("downtime#1/downtime_closed#1", "downtime_closed"),
          own("downtime#1/backup.create#1", "backup.create"),
          own("downtime#1/way_back#1", "way_back", {{"module", "shop"}, {"function", "restore"}, {"args", {kSet}}}),
          put("downtime#1/put#1", "b", "2"),
          own("downtime#1/world.wipe#1", "world.wipe"),
          put("downtime#1/put#2", "c", "3"),
          own("downtime#1/downtime_end#1", "downtime_end")};
}

size_t count(const std::vector<ActionRow>& rows, const std::string& name, Phase phase) {
  return static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const ActionRow& row) { return row.name == name && row.phase == phase; }));
}

}  // namespace

TEST_CASE("a run that finishes is done, and every action has an outcome") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), get("get#1", "a")};
  RunResult result = engine.begin();
  CHECK(result.exit == kReached);
  CHECK(engine.run().state == RunState::done);
  CHECK(engine.scripts.answers == std::vector<Json>{"1", "1"});
  for (const ActionRow& row : engine.actions()) CHECK(row.outcome == Outcome::ok);
}

TEST_CASE("a run that stays on the way to its target is done, but ends with 1 and says where it is, after a crash too") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), own("stayed#1", "stayed", {{"at", "1.5"}, {"why", "2 failed"}}),
                             put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  REQUIRE(engine.died());
  engine.dies_at = "";
  const RunResult result = engine.resume();
  CHECK(result.exit == kRolledBack);
  CHECK(engine.run().state == RunState::done);
  CHECK(result.summary.starts_with("STAYED AT 1.5 "));
  CHECK(result.report["stayed"] == Json{{"at", "1.5"}, {"why", "2 failed"}});
}

TEST_CASE("a run that dies after an effect and before its outcome asks the probe and does it no second time") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  REQUIRE(engine.died());
  CHECK(engine.run().state == RunState::running);
  engine.dies_at = "";
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.puts == 2);
  CHECK(engine.world.values == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
}

TEST_CASE("a run that dies before an effect does it on resume") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1")};
  engine.dies_at = "journal.intent.after";
  engine.begin();
  REQUIRE(engine.died());
  engine.dies_at = "";
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.puts == 1);
}

TEST_CASE("what cannot be looked up is asked, and suspends where nobody answers") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1")};
  engine.world.unknown = true;
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  RunResult result = engine.resume();
  CHECK(result.exit == kSuspended);
  CHECK(result.summary == "SUSPENDED fake: world.put a 1 (fake.lua:1) was cut short, and cannot be looked up: the world does not say");
  CHECK(engine.listener.questions ==
        std::vector<std::string>{"world.put a 1 (fake.lua:1) was cut short, and cannot be looked up: the world does not say. Is it done?"});
  engine.listener.reply = "done";
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.puts == 1);
}

TEST_CASE("an action of which nobody knows how it ended is in doubt, as after a crash, and no failure") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.world.loses = "1";
  RunResult result = engine.begin();
  CHECK(result.exit == kSuspended);
  CHECK(result.summary == "SUSPENDED fake: nobody knows what became of it");
  CHECK(engine.actions().at(0).outcome == Outcome::none);
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.puts == 2);
}

TEST_CASE("a run whose world cannot be looked at stands as it was, and says why") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  engine.world.blind = true;
  RunResult result = engine.resume();
  CHECK(result.exit == kSuspended);
  CHECK(result.error->code() == Code::sqlite_locked);
  CHECK(result.summary == "SUSPENDED fake: the world is locked");
  CHECK(engine.world.puts == 1);
  engine.world.blind = false;
  CHECK(engine.resume().exit == kReached);
}

TEST_CASE("a change that this program does not know counts as one, and the run does not end as if nothing had happened") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  engine.forget("world.put");
  CHECK(engine.resume().error->message() == "there is no primitive \"world.put\"; did you mean \"world.get\"?");
  CHECK(engine.rollback().exit == kAttention);
  CHECK(engine.run().state == RunState::attention);
}

TEST_CASE("a replay that asks for something else stops with a diff and changes nothing") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  engine.scripts.requests[0].args["value"] = "9";
  RunResult result = engine.resume();
  CHECK(result.exit == kRefused);
  CHECK(engine.run().state == RunState::suspended);
  REQUIRE(result.error);
  CHECK_THAT(result.error->message(), StartsWith("fake.lua:1: the playbook asks for something else than it did before:\n"));
  CHECK_THAT(result.error->message(), ContainsSubstring("-  \"value\": \"1\""));
  CHECK_THAT(result.error->message(), ContainsSubstring("+  \"value\": \"9\""));
  CHECK(engine.world.puts == 1);
}

TEST_CASE("a failure undoes what was done, in reverse, and the old values stand again") {
  EngineFixture engine;
  engine.world.values = {{"a", "old"}};
  engine.world.fails = "boom";
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "a", "2"), put("put#3", "b", "boom")};
  RunResult result = engine.begin();
  CHECK(result.exit == kRolledBack);
  CHECK(result.error->message() == "world.put fails");
  CHECK(engine.run().state == RunState::rolled_back);
  CHECK(engine.world.values == std::map<std::string, std::string>{{"a", "old"}});
}

TEST_CASE("a failure before any change is a refusal, and nothing is undone") {
  EngineFixture engine;
  engine.scripts.requests = {get("get#1", "a"), own("recheck", "no_such_thing")};
  RunResult result = engine.begin();
  CHECK(result.exit == kUsage);
  CHECK(result.error->message() == "no_such_thing does not exist");
  CHECK(engine.run().state == RunState::refused);
  CHECK_FALSE(engine.listener.saw("undo.started"));
}

TEST_CASE("a tolerated error is replayed as an error") {
  EngineFixture engine;
  engine.world.fails = "boom";
  FakeRequest failing = put("put#1", "a", "boom");
  failing.tolerated = true;
  engine.scripts.requests = {failing, put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  REQUIRE(engine.died());
  engine.dies_at = "";
  engine.world.fails = "";
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.scripts.answers == std::vector<Json>{"error", "2"});
  CHECK(engine.world.values == std::map<std::string, std::string>{{"b", "2"}});
}

TEST_CASE("what can lose data is refused outside of downtime, and without a proven way back") {
  EngineFixture engine;
  SECTION("outside of downtime") {
    engine.scripts.requests = {own("world.wipe#1", "world.wipe")};
    CHECK(engine.begin().error->message() == "fake.lua:1: world.wipe can lose data, and the writers are not stopped");
  }
  SECTION("without a backup") {
    engine.scripts.requests = {own("d#1/downtime_begin#1", "downtime_begin"), own("d#1/downtime_closed#1", "downtime_closed"),
                               own("d#1/world.wipe#1", "world.wipe")};
    RunResult result = engine.begin();
    CHECK(result.error->message() ==
          "fake.lua:1: world.wipe can lose data, and there is no way back with a verified backup taken since the writers stopped");
    CHECK(result.error->hint() == "call backup.create(...) in this downtime and hand its result to way_back(...)");
  }
  SECTION("with a backup from before the writers stopped") {
    engine.scripts.requests = {own("d#1/backup.create#1", "backup.create"), own("d#1/downtime_begin#1", "downtime_begin"),
                               own("d#1/downtime_closed#1", "downtime_closed"),
                               own("d#1/way_back#1", "way_back", {{"module", "shop"}, {"function", "restore"}, {"args", {kSet}}}),
                               own("d#1/world.wipe#1", "world.wipe")};
    CHECK(engine.begin().error->code() == Code::way_back_missing);
  }
  SECTION("with a way back in another block") {
    engine.scripts.requests = whole_downtime();
    engine.scripts.requests[5].path = "downtime#1/elsewhere#1/way_back#1";
    engine.scripts.functions["shop.restore"] = {own("world.restore#1", "world.restore")};
    CHECK(engine.begin().error->code() == Code::way_back_missing);
  }
  CHECK_FALSE(engine.world.wiped);
}

TEST_CASE("a way back stands for all that follows in its block, and inverses for what came before") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.scripts.requests.push_back(put("after#1", "d", "boom"));
  engine.scripts.functions["shop.restore"] = {own("world.restore#1", "world.restore")};
  engine.scripts.functions["shop.verify"] = {get("get#1", "a")};
  engine.world.fails = "boom";
  RunResult result = engine.begin();
  CHECK(result.exit == kRolledBack);
  CHECK_FALSE(engine.world.wiped);
  CHECK(engine.world.values == std::map<std::string, std::string>{{"b", "2"}, {"c", "3"}});  // the way back's own business
  std::vector<ActionRow> rows = engine.actions();
  CHECK(count(rows, "world.put", Phase::undo) == 2);  // before#1 and after#1
  CHECK(count(rows, "world.restore", Phase::back) == 1);
  CHECK(result.report["verified"] == "finished");
}

TEST_CASE("a way back that dies goes on, and what it had done is not done again") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.scripts.requests.push_back(put("after#1", "d", "boom"));
  engine.scripts.functions["shop.restore"] = {put("put#1", "restoring", "yes"), own("world.restore#1", "world.restore")};
  engine.world.fails = "boom";
  engine.dies_at = "world.restore";
  engine.begin();
  REQUIRE(engine.died());
  CHECK(engine.run().state == RunState::undoing);
  engine.dies_at = "";
  int puts = engine.world.puts;
  CHECK(engine.resume().exit == kRolledBack);
  CHECK(engine.world.puts == puts);
}

TEST_CASE("an inverse that fails leaves the run in need of attention, and rollback goes on from there") {
  EngineFixture engine;
  engine.world.fails = "boom";
  engine.world.undo_fails = "2";
  engine.scripts.requests = {own("instance#1", "instance", {{"module", "shop"}}), put("put#1", "a", "1"), put("put#2", "b", "2"),
                             put("put#3", "c", "boom")};
  engine.scripts.functions["shop.stop_writers"] = {get("get#1", "a")};
  RunResult result = engine.begin();
  CHECK(result.exit == kAttention);
  CHECK(engine.run().state == RunState::attention);
  CHECK(result.error->message() == "the inverse fails");
  CHECK(result.report["writers_stopped"] == true);
  CHECK(engine.world.values == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
  engine.world.undo_fails = "";
  CHECK(engine.rollback().exit == kRolledBack);
  CHECK(engine.world.values.empty());
}

TEST_CASE("a resumed run asks its gates again before the first new change, once a resume") {
  EngineFixture engine;
  FakeRequest gate = own("gates#1/gate#1", "gate", {{"name", "open"}, {"title", "open"}, {"ok", true}});
  engine.scripts.requests = {gate, put("put#1", "a", "1"), put("put#2", "b", "2"), put("put#3", "c", "3")};
  engine.scripts.gates = {gate};
  engine.dies_at = "world.put";
  engine.begin();
  engine.resume();
  REQUIRE(engine.died());
  engine.dies_at = "";
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.puts == 3);
  CHECK(count(engine.actions(), "gate", Phase::forward) == 3);  // once at first, once in each resume
}

TEST_CASE("gates that refuse on resume stop the run and undo nothing") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), put("put#2", "b", "2")};
  engine.scripts.gates = {own("recheck_failed#1", "recheck_failed", {{"gates", Json::array({{{"name", "open"}}})}})};
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  RunResult result = engine.resume();
  CHECK(result.exit == kRefused);
  CHECK(engine.run().state == RunState::suspended);
  CHECK(engine.world.values == std::map<std::string, std::string>{{"a", "1"}});
}

TEST_CASE("drift of what the run had changed stops the resume, unless it is accepted by name") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), own("confirm#1", "confirm", {{"text", "go on?"}}), put("put#2", "b", "2")};
  REQUIRE(engine.begin().exit == kSuspended);
  engine.listener.reply = "yes";
  engine.world.values["a"] = "changed by hand";
  RunResult result = engine.resume();
  CHECK(result.exit == kRefused);
  CHECK(result.error->message() == "the world is not as the run left it: a is not 1");
  CHECK(engine.world.puts == 1);
  engine.decisions.accept = {"drift"};
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.world.values["a"] == "changed by hand");
}

TEST_CASE("a stale backup is taken again when nothing was changed since") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.scripts.requests[5].args["args"] = Json::array({{{"type", "backup.set"}, {"path", "/set/2"}}});
  engine.scripts.requests.insert(engine.scripts.requests.begin() + 5, own("downtime#1/confirm#1", "confirm", {{"text", "go on?"}}));
  REQUIRE(engine.begin().exit == kSuspended);
  engine.world.values["written"] = "since";
  engine.listener.reply = "yes";
  CHECK(engine.resume().exit == kReached);
  CHECK(count(engine.actions(), "backup.create", Phase::forward) == 2);
  CHECK(engine.listener.saw("drift"));
}

TEST_CASE("a change of the data that a crash cut short makes the backup before it the way back, not a stale one") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.world.wipe_rewrites = "z";
  engine.dies_at = "world.wipe";
  engine.begin();
  REQUIRE(engine.died());
  SECTION("when the first resume goes on") {}
  SECTION("when the first resume dies at the same instant") {
    engine.resume();
    REQUIRE(engine.died());
  }
  engine.dies_at = "";
  CHECK(engine.resume().exit == kReached);
  CHECK(count(engine.actions(), "backup.create", Phase::forward) == 1);
}

TEST_CASE("a failure keeps what the family gives as evidence before it goes back") {
  EngineFixture engine;
  engine.world.fails = "boom";
  engine.scripts.requests = {own("instance#1", "instance", {{"module", "shop"}}), put("put#1", "a", "1"), put("put#2", "c", "boom")};
  SECTION("as text and lines") {
    engine.scripts.functions["shop.evidence"] = {get("get#1", "a")};
    engine.scripts.result = {{"app.log", {"one", "two"}}, {"../state", "up"}, {".hidden", Json{{"a", 1}}}};
    CHECK(engine.begin().exit == kRolledBack);
    std::filesystem::path folder = engine.folder.path() / "run/evidence";
    CHECK(read_file(folder / "app.log") == "one\ntwo\n");
    CHECK(read_file(folder / "_..-state") == "up");
    CHECK(read_file(folder / "_.hidden") == "{\n  \"a\": 1\n}\n");
    CHECK_THAT(read_file(folder / "error.json"), ContainsSubstring("world.put fails"));
  }
  SECTION("and goes back where the family fails") {
    engine.scripts.functions["shop.evidence"] = {own("nothing#1", "no_such_thing")};
    RunResult result = engine.begin();
    CHECK(result.exit == kRolledBack);
    CHECK(result.report["evidence"]["files"] == Json{"error.json"});
  }
  CHECK(engine.world.values.empty());
}

TEST_CASE("a suspension stops between actions and the run can be resumed") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1")};
  engine.control.suspend();
  RunResult result = engine.begin();
  CHECK(result.exit == kSuspended);
  CHECK(engine.world.puts == 0);
  CHECK(result.next.at(0) == "playbook resume -C " + engine.folder.path().string() + " 20261121T000000Z-test");
  engine.control.reset();
  CHECK(engine.resume().exit == kReached);
}

TEST_CASE("hold stops before the downtime and not inside it") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.decisions.hold = true;
  CHECK(engine.begin().summary == "SUSPENDED fake: held before downtime");
  CHECK(engine.world.values == std::map<std::string, std::string>{{"a", "1"}});
  engine.decisions.hold = false;
  CHECK(engine.resume().exit == kReached);
}

TEST_CASE("a downtime that is too late is not begun, and what was done before is undone") {
  EngineFixture engine;
  engine.scripts.requests = whole_downtime();
  engine.decisions.not_after = parse_iso("2020-01-01T00:00:00Z");
  RunResult result = engine.begin();
  CHECK(result.exit == kRolledBack);
  CHECK(result.error->code() == Code::gate_refused);
  CHECK(engine.world.values.empty());
}

TEST_CASE("a question without an answer suspends; yes answers it beforehand") {
  EngineFixture engine;
  engine.scripts.requests = {own("confirm#1", "confirm", {{"text", "sure?"}}), put("put#1", "a", "1")};
  CHECK(engine.begin().summary == "SUSPENDED fake: a question needs an answer: sure?");
  engine.decisions.yes = true;
  CHECK(engine.resume().exit == kReached);
  CHECK(engine.scripts.answers.at(0) == true);
}

TEST_CASE("a gate is overridden only by name, with the reason in the journal, and never where it forbids that") {
  EngineFixture engine;
  engine.scripts.requests = {own("gate#1", "gate", {{"name", "space"}, {"title", "space"}, {"ok", false}, {"override", true}}),
                             own("gate#2", "gate", {{"name", "keys"}, {"title", "keys"}, {"ok", false}, {"override", false}})};
  engine.decisions.overrides = {{"space", "the disk is bigger tomorrow"}, {"keys", "no"}};
  engine.begin();
  CHECK(engine.scripts.answers.at(0) == Json{{"overridden", true}, {"reason", "the disk is bigger tomorrow"}});
  CHECK(engine.scripts.answers.at(1) == Json{{"overridden", false}});
}

TEST_CASE("a cancelled run goes back to the old state") {
  EngineFixture engine;
  engine.scripts.requests = {put("put#1", "a", "1"), get("get#1", "a"), put("put#2", "b", "2")};
  engine.dies_at = "world.put";
  engine.begin();
  engine.dies_at = "";
  engine.control.cancel();
  RunResult result = engine.resume();
  CHECK(result.exit == kRolledBack);
  CHECK(result.error->code() == Code::cancelled);
  CHECK(engine.world.values.empty());
}
