// The last screen, the error block, and what the journal's rows look like to people.
#include "bindings/cli/ending.h"

#include "bindings/cli/journal_text.h"
#include "bindings/cli/value_text.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::cli;

namespace {

const Paint kPlain(false);

RunResult rolled_back() {
  RunResult result;
  result.exit = kRolledBack;
  result.run = "20261121T071300Z-4f2a";
  result.state = RunState::rolled_back;
  result.summary = "ROLLED BACK demo/upgrade 1.2 -> 1.1";
  result.error = Error(Code::expect_failed, "orders: 12 rows, expected 14", "read the evidence", {{"where", "upgrade.lua:31"}});
  result.report = {{"verified", {{"text", "healthy, 3 tables equal to the backup"}}},
                   {"evidence", {{"folder", "/srv/shop/.playbook/runs/r/evidence"}}}};
  result.next = {"playbook show -C /srv/shop"};
  return result;
}

ActionRow action(const std::string& path, const std::string& name, Json args, int second, int ms) {
  ActionRow row;
  row.path = path;
  row.name = name;
  row.args = row.full_args = std::move(args);
  row.change = name.find('.') != std::string::npos;
  row.outcome = Outcome::ok;
  row.started = to_iso(parse_iso("2026-11-21T07:13:00Z") + std::chrono::seconds(second));
  row.finished = to_iso(parse_iso("2026-11-21T07:13:00Z") + std::chrono::seconds(second) + std::chrono::milliseconds(ms));
  row.duration_ms = ms;
  return row;
}

RunRow suspended_run() {
  RunRow run;
  run.id = "20261121T071300Z-4f2a";
  run.playbook = "demo/upgrade";
  run.instance = "/srv/shop";
  run.state = RunState::suspended;
  run.params = {{"to", "1.2"}};
  run.options = {{"accept", {"breaking"}}, {"overrides", {{"disk", "cleaned up"}}}};
  run.verdict = {{"summary", "SUSPENDED demo/upgrade: held before downtime"}, {"exit", 5}};
  run.actor = "op (sudo by ann) on host";
  run.tool_version = "0.1.0";
  run.started = "2026-11-21T07:13:00.000Z";
  run.changed = "2026-11-21T07:14:30.500Z";
  return run;
}

}  // namespace

TEST_CASE("the last screen of a pipe is one line") {
  CHECK(ending_line(Ending::of(rolled_back())) ==
        "ROLLED BACK demo/upgrade 1.2 -> 1.1 | why: orders: 12 rows, expected 14 | now: healthy, 3 tables equal to the backup | "
        "evidence: /srv/shop/.playbook/runs/r/evidence | next: playbook show -C /srv/shop\n");
}

TEST_CASE("the last screen of a terminal is a block") {
  CHECK(ending_block(Ending::of(rolled_back()), kPlain) ==
        "\n"
        "ROLLED BACK demo/upgrade 1.2 -> 1.1\n"
        "  why       orders: 12 rows, expected 14\n"
        "  where     upgrade.lua:31\n"
        "  hint      read the evidence\n"
        "  now       healthy, 3 tables equal to the backup\n"
        "  evidence  /srv/shop/.playbook/runs/r/evidence\n"
        "  next      playbook show -C /srv/shop\n");
}

TEST_CASE("a run that reached neither state says whether the writers are stopped") {
  RunResult stuck = rolled_back();
  stuck.exit = kAttention;
  stuck.state = RunState::attention;
  stuck.report = {{"writers_stopped", true}};
  CHECK(ending_line(Ending::of(stuck)).find("now: neither the old state nor the new one; the writers are stopped") != std::string::npos);
  stuck.report = {{"writers_stopped", false}};
  CHECK(ending_line(Ending::of(stuck)).find("now: neither the old state nor the new one; the writers may be RUNNING, stop them") !=
        std::string::npos);
}

TEST_CASE("a run that stayed on the way says where it is, and why") {
  RunResult result;
  result.exit = kRolledBack;
  result.state = RunState::done;
  result.summary = "STAYED AT 1.99 appsmith/upgrade 1.95 -> 2.1.9, down 40s";
  result.report = {{"stayed", {{"at", "1.99"}, {"why", "2.1.9 failed to migrate"}}}};
  CHECK(ending_line(Ending::of(result)) ==
        "STAYED AT 1.99 appsmith/upgrade 1.95 -> 2.1.9, down 40s | why: 2.1.9 failed to migrate | "
        "now: 1.99, as it was proved before the next step\n");
}

TEST_CASE("an event and the journal's row tell the same ending as the result") {
  const RunResult result = rolled_back();
  const Json event{{"exit", 1},
                   {"state", "rolled_back"},
                   {"summary", result.summary},
                   {"error", result.error->to_json()},
                   {"report", result.report},
                   {"next", result.next}};
  CHECK(ending_line(Ending::of_event(event)) == ending_line(Ending::of(result)));
  RunRow row = suspended_run();
  row.state = RunState::rolled_back;
  row.verdict = result.report;
  row.verdict.update({{"exit", 1}, {"summary", result.summary}, {"error", result.error->to_json()}, {"next", result.next}});
  CHECK(ending_line(Ending::of_row(row)) == ending_line(Ending::of(result)));
}

TEST_CASE("an error says message, where, hint, what was changed and what to do next") {
  const Error error(Code::gate_refused, "2 gates refuse:\ndisk: 1 MiB is free\nnewer: 1.0 is older", "free some space",
                    {{"where", "upgrade.lua:12"}});
  CHECK(error_block(error.to_json(), "nothing", {"playbook check demo/upgrade"}, kPlain) ==
        "error: 2 gates refuse:\n"
        "  disk: 1 MiB is free\n"
        "  newer: 1.0 is older\n"
        "  where: upgrade.lua:12\n"
        "  hint: free some space\n"
        "  changed: nothing\n"
        "  next: playbook check demo/upgrade\n");
}

TEST_CASE("what a child printed cannot move the cursor of who reads an error") {
  const Error error(Code::process_failed, "psql said \x1b[2J\x07 and left");
  CHECK(error_block(error.to_json(), "", {}, kPlain) == "error: psql said ?[2J? and left\n");
}

TEST_CASE("errors before a run have their exit codes") {
  CHECK(exit_of(Error(Code::argument_invalid, "")) == kUsage);
  CHECK(exit_of(Error(Code::script_invalid, "")) == kUsage);
  CHECK(exit_of(Error(Code::run_unfinished, "")) == kHeld);
  CHECK(exit_of(Error(Code::run_busy, "")) == kHeld);
  CHECK(exit_of(Error(Code::journal_newer, "")) == kRefused);
  CHECK(exit_of(Error(Code::internal, "")) == kAttention);
}

TEST_CASE("the head of a run says who, when, what was allowed and what to do next") {
  CHECK(run_head(suspended_run(), false, kPlain) ==
        "run 20261121T071300Z-4f2a demo/upgrade to=1.2\n"
        "  state     suspended\n"
        "  started   2026-11-21 07:13:00 UTC by op (sudo by ann) on host, playbook 0.1.0\n"
        "  since     2026-11-21 07:14:30 UTC\n"
        "  allowed   breaking\n"
        "  override  disk: cleaned up\n"
        "  said      SUSPENDED demo/upgrade: held before downtime\n"
        "  next      playbook resume -C /srv/shop 20261121T071300Z-4f2a\n"
        "  next      playbook rollback -C /srv/shop 20261121T071300Z-4f2a\n");
}

TEST_CASE("a run whose process died says so, one that goes on is to be attached to") {
  RunRow run = suspended_run();
  run.state = RunState::running;
  run.verdict = nullptr;
  CHECK(state_text(run, false) == "running, but its process died");
  CHECK(next_commands(run, false) == std::vector<std::string>{"playbook resume -C /srv/shop 20261121T071300Z-4f2a",
                                                              "playbook rollback -C /srv/shop 20261121T071300Z-4f2a"});
  CHECK(state_text(run, true) == "running now");
  CHECK(next_commands(run, true) == std::vector<std::string>{"playbook attach -C /srv/shop 20261121T071300Z-4f2a"});
  run.state = RunState::done;
  CHECK(next_commands(run, false).empty());
}

TEST_CASE("history is a table") {
  CHECK(history_table({suspended_run()}) ==
        "RUN                    STATE      STARTED (UTC)        TOOK   PLAYBOOK\n"
        "20261121T071300Z-4f2a  suspended  2026-11-21 07:13:00  1m30s  demo/upgrade to=1.2\n");
}

TEST_CASE("a run in full is a tree of steps, then the way back") {
  std::vector<ActionRow> rows = {
      action("gates#1/newer#1/gate#1", "gate", {{"name", "newer"}, {"title", "1.2 is newer"}, {"ok", true}}, 0, 0),
      action("confirm#1", "confirm", {{"text", "Go on?"}}, 1, 0),
      action("downtime#1/Back up#1/a.b#1", "backup.create", {{"name", "x"}}, 2, 500),
      action("downtime#1/Upgrade#1/s#1", "service.start", {}, 3, 2100),
      action("undo/downtime#1/Upgrade#1/s#1", "service.start", {{"of", 4}}, 6, 400),
      action("undo/downtime#1/way_back#1@2/Restore#1/b#1", "backup.restore", {}, 7, 300),
  };
  for (size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(i) + 1;
  rows[1].result = true;
  rows[3].outcome = Outcome::error;
  rows[3].result = {{"message", "it does not start"}, {"hint", "read its log"}};
  rows[4].phase = Phase::undo;
  rows[5].phase = Phase::back;
  CHECK(run_tree(rows, Registry(), Terminal()) ==
        "gates  0ms\n"
        "  + 1.2 is newer\n"
        "? Go on? yes\n"
        "downtime  3.1s\n"
        "  Back up  500ms\n"
        "    + backup.create  500ms\n"
        "  Upgrade  2.1s\n"
        "    x service.start  2.1s\n"
        "      it does not start (read its log)\n"
        "\n"
        "Going back\n"
        "+ undo service.start  400ms\n"
        "way back, attempt 2  300ms\n"
        "  Restore  300ms\n"
        "    + backup.restore  300ms\n");
}

TEST_CASE("values are shown as people write them") {
  CHECK(value_text("two\nlines") == "two\nlines\n");
  CHECK(value_text(42) == "42\n");
  CHECK(value_text({{"app", "shop"},
                    {"version", "1.1"},
                    {"floating", false},
                    {"tables", {{"orders", 14}}},
                    {"backups", {"a", "b"}},
                    {"none", Json::array()}}) ==
        "app  shop\n"
        "backups\n"
        "  - a\n"
        "  - b\n"
        "floating  no\n"
        "none      -\n"
        "tables\n"
        "  orders  14\n"
        "version  1.1\n");
  CHECK(value_text({{{"release", "2.1"}, {"way", "at once"}}, {{"release", "10.1"}, {"way", nullptr}}}) ==
        "release  way\n"
        "2.1      at once\n"
        "10.1     -\n");
}
