// The views against one recorded run each: what a pipe gets, what a terminal shows in the end and in the middle.
#include <sstream>

#include "bindings/cli/plain_view.h"
#include "bindings/cli/terminal_view.h"
#include "tests/support/catch.h"
#include "tests/support/screen.h"

using namespace playbook;
using namespace playbook::cli;
using playbook::testing::Screen;

namespace {

class FixedClock : public Clock {
 public:
  Utc now = parse_iso("2026-11-21T07:13:00Z");
  Utc utc() const override { return now; }
};

// Seconds after 07:13:00.
Event event(double second, const std::string& kind, Json data) {
  data["time"] = to_iso(parse_iso("2026-11-21T07:13:00Z") + std::chrono::milliseconds(static_cast<long>(second * 1000)));
  data["run"] = "20261121T071300Z-4f2a";
  data["event"] = kind;
  return {kind, data};
}

Event started(double second, const std::string& path, const std::string& text, bool change = true, const std::string& phase = "forward") {
  return event(second, "action.started", {{"path", path}, {"name", "x.y"}, {"text", text}, {"change", change}, {"phase", phase}});
}

Event finished(double second, const std::string& path, int ms, bool change = true, const std::string& outcome = "ok",
               const std::string& phase = "forward") {
  Json data{{"path", path}, {"name", "x.y"}, {"ms", ms}, {"change", change}, {"outcome", outcome}, {"phase", phase}};
  if (outcome != "ok")
    data["error"] = {{"code", "http.failed"}, {"message", "http://127.0.0.1:8080/health: 500"}, {"hint", "read the log"}};
  return event(second, "action.finished", data);
}

// An upgrade that is refused by its new release and taken back.
std::vector<Event> rolled_back_run() {
  return {
      event(0, "run.started", {{"playbook", "demo/upgrade"}, {"mode", "run"}, {"params", {{"to", "1.2"}}}}),
      event(0, "scope.entered", {{"kind", "gates"}, {"path", "gates#1"}}),
      started(0.1, "gates#1/host.disk#1", "host.disk", false),
      finished(0.1, "gates#1/host.disk#1", 3, false),
      event(0.1, "gate", {{"name", "newer"}, {"title", "1.2 is newer than 1.1"}, {"ok", true}}),
      event(0.1, "gate",
            {{"name", "disk"}, {"title", "free space"}, {"ok", false}, {"message", "1 MiB is free"}, {"overridden", "cleaning up"}}),
      event(0.2, "scope.left", {{"kind", "gates"}, {"path", "gates#1"}, {"ok", true}}),
      event(0.2, "scope.entered", {{"kind", "downtime"}, {"path", "downtime#1"}}),
      event(0.2, "downtime", {{"state", "begun"}}),
      event(0.3, "scope.entered", {{"kind", "step"}, {"title", "Back up"}, {"path", "downtime#1/Back up#1"}}),
      started(0.3, "b", "backup.create shop"),
      event(0.5, "action.progress", {{"path", "b"}, {"done", 1048576}, {"total", 4194304}, {"unit", "bytes"}}),
      finished(0.8, "b", 500),
      event(0.8, "scope.left", {{"kind", "step"}, {"title", "Back up"}, {"path", "downtime#1/Back up#1"}, {"ok", true}}),
      event(0.8, "way_back", {{"text", "demo.restore"}}),
      event(0.9, "scope.entered", {{"kind", "step"}, {"title", "Upgrade"}, {"path", "downtime#1/Upgrade#1"}}),
      started(0.9, "s", "service.start shop"),
      event(1.0, "log", {{"level", "info"}, {"line", "migrating\x1b[31m 27"}, {"path", "s"}}),
      finished(3.0, "s", 2100, true, "error"),
      event(3.0, "scope.left", {{"kind", "step"}, {"title", "Upgrade"}, {"path", "downtime#1/Upgrade#1"}, {"ok", false}}),
      event(3.0, "scope.left", {{"kind", "downtime"}, {"path", "downtime#1"}, {"ok", false}}),
      event(3.0, "evidence", {{"folder", "/srv/shop/.playbook/runs/r/evidence"}, {"files", {"error.json"}}}),
      event(3.0, "undo.started", {{"items", 2}, {"because", "http://127.0.0.1:8080/health: 500"}}),
      event(3.0, "undo.item", {{"index", 1}, {"of", 2}, {"path", "s"}, {"text", "service.start shop"}}),
      started(3.0, "undo/s", "service.start shop", true, "undo"),
      finished(3.4, "undo/s", 400, true, "ok", "undo"),
      event(3.4, "undo.item", {{"index", 2}, {"of", 2}, {"path", "w"}, {"text", "demo.restore"}}),
      started(3.4, "undo/w@1/r", "backup.restore shop", true, "back"),
      finished(3.9, "undo/w@1/r", 500, true, "ok", "back"),
      event(4.0, "run.finished", {{"exit", 1}, {"state", "rolled_back"}, {"summary", "ROLLED BACK demo/upgrade 1.2 -> 1.1"}}),
  };
}

}  // namespace

TEST_CASE("a pipe gets one line for each event that matters") {
  std::ostringstream out;
  PlainView view(out);
  for (const Event& each : rolled_back_run()) view.on_event(each);
  CHECK(out.str() ==
        "07:13:00 run 20261121T071300Z-4f2a demo/upgrade to=1.2\n"
        "07:13:00 Checks\n"
        "07:13:00   ok 1.2 is newer than 1.1\n"
        "07:13:00   overridden free space: 1 MiB is free (overridden: cleaning up)\n"
        "07:13:00 Downtime\n"
        "07:13:00   the application is down from here\n"
        "07:13:00   Back up\n"
        "07:13:00     ok backup.create shop, 500ms\n"
        "07:13:00   way back: demo.restore\n"
        "07:13:00   Upgrade\n"
        "07:13:01     migrating?[31m 27\n"
        "07:13:03     failed service.start shop, 2.1s\n"
        "07:13:03       http://127.0.0.1:8080/health: 500 (read the log)\n"
        "07:13:03   Upgrade failed\n"
        "07:13:03 Downtime failed\n"
        "07:13:03 evidence kept in /srv/shop/.playbook/runs/r/evidence\n"
        "07:13:03 GOING BACK: http://127.0.0.1:8080/health: 500\n"
        "07:13:03   undo service.start shop\n"
        "07:13:03   undo demo.restore\n"
        "07:13:03   ok backup.restore shop, 500ms\n");
}

TEST_CASE("long work in a pipe says how far it is every ten seconds") {
  std::ostringstream out;
  PlainView view(out);
  view.on_event(started(0, "b", "backup.create shop"));
  for (int second = 0; second < 25; ++second) {
    view.on_event(event(second, "action.progress", {{"path", "b"}, {"done", second}, {"unit", "rows"}}));
  }
  CHECK(out.str() == "07:13:10 backup.create shop: 10 rows\n07:13:20 backup.create shop: 20 rows\n");
}

TEST_CASE("programs get the events as they are, one a line") {
  std::ostringstream out;
  JsonView view(out);
  std::string expected;
  for (const Event& each : rolled_back_run()) {
    view.on_event(each);
    expected += each.data.dump() + "\n";
  }
  CHECK(out.str() == expected);
}

TEST_CASE("a terminal shows the run as a tree") {
  std::ostringstream out;
  Terminal terminal;
  terminal.unicode = true;
  FixedClock clock;
  {
    TerminalView view(out, terminal, clock, false);
    for (const Event& each : rolled_back_run()) view.on_event(each);
  }
  CHECK(Screen(80, 24).show(out.str()) ==
        "demo/upgrade to=1.2\n"
        "✓ Checks  200ms\n"
        "  ✓ 1.2 is newer than 1.1\n"
        "  ! free space: 1 MiB is free (overridden: cleaning up)\n"
        "✗ Downtime  2.8s\n"
        "  · the application is down from here\n"
        "  ✓ Back up  500ms\n"
        "    ✓ backup.create shop  500ms\n"
        "  · way back: demo.restore\n"
        "  ✗ Upgrade  2.1s\n"
        "    ✗ service.start shop  2.1s\n"
        "        migrating?[31m 27\n"
        "        http://127.0.0.1:8080/health: 500 (read the log)\n"
        "· evidence kept in /srv/shop/.playbook/runs/r/evidence\n"
        "! Going back: http://127.0.0.1:8080/health: 500\n"
        "  ✓ undo service.start shop\n"
        "  ✓ undo demo.restore\n"
        "    ✓ backup.restore shop  500ms\n");
}

TEST_CASE("a terminal shows what is in progress, with its rate and time") {
  std::ostringstream out;
  Terminal terminal;
  terminal.width = [] { return 60; };
  FixedClock clock;
  TerminalView view(out, terminal, clock, false);
  const auto events = rolled_back_run();
  for (size_t i = 0; i < 11; ++i) view.on_event(events[i]);  // backup.create has started
  view.on_event(event(2.3, "action.progress", {{"path", "b"}, {"done", 2097152}, {"total", 4194304}, {"unit", "bytes"}}));
  clock.now = parse_iso("2026-11-21T07:13:05.300Z");
  view.tick();
  CHECK(Screen(60, 24).show(out.str()) ==
        "demo/upgrade to=1.2\n"
        "+ Checks  200ms\n"
        "  + 1.2 is newer than 1.1\n"
        "  ! free space: 1 MiB is free (overridden: cleaning up)\n"
        "/ Downtime  5s\n"
        "  - the application is down from here\n"
        "  / Back up  5s\n"
        "    / backup.cre...  2.0 MiB of 4.0 MiB  50%  1.0 MiB/s  5s\n");
}

TEST_CASE("a plan says what would be done, and claims nothing done") {
  std::ostringstream out;
  Terminal terminal;
  FixedClock clock;
  {
    TerminalView view(out, terminal, clock, false);
    view.on_event(event(0, "run.started", {{"playbook", "demo/upgrade"}, {"mode", "plan"}}));
    view.on_event(event(0, "scope.entered", {{"kind", "downtime"}, {"title", "downtime"}, {"path", "downtime#1"}}));
    view.on_event(event(0, "downtime", {{"state", "begun"}}));
    view.on_event(event(0, "action.planned", {{"text", "edit .env"}, {"diff", "@@ -1 +1 @@\n-A=1\n+A=2\n"}, {"undo", "inverse"}}));
    view.on_event(event(0, "action.planned", {{"text", "run x\nunless y"}, {"undo", "impossible"}}));
    view.on_event(event(0, "expect", {{"name", "rows"}, {"title", "rows are kept"}, {"ok", false}, {"unknown", true}}));
    view.on_event(event(0, "downtime", {{"state", "ended"}}));
    view.on_event(event(1, "scope.left", {{"kind", "downtime"}, {"title", "downtime"}, {"path", "downtime#1"}, {"ok", true}}));
  }
  CHECK(Screen(80, 24).show(out.str()) ==
        "plan demo/upgrade\n"
        "- Downtime\n"
        "  - the application would be down from here\n"
        "  - would edit .env\n"
        "      @@ -1 +1 @@\n"
        "      -A=1\n"
        "      +A=2\n"
        "  - would run x\n"
        "    unless y\n"
        "    ! cannot be undone by itself\n"
        "  ? rows are kept\n");
}

TEST_CASE("what does not fit on the screen scrolls away, and its end is told below") {
  std::ostringstream out;
  Terminal terminal;
  terminal.height = [] { return 8; };
  FixedClock clock;
  {
    TerminalView view(out, terminal, clock, false);
    view.on_event(event(0, "scope.entered", {{"kind", "step"}, {"title", "Many"}, {"path", "Many#1"}}));
    for (int i = 0; i < 8; ++i) {
      const std::string path = "Many#1/" + std::to_string(i);
      view.on_event(started(i, path, "action " + std::to_string(i)));
      view.on_event(finished(i, path, 10));
    }
    view.on_event(event(8, "scope.left", {{"kind", "step"}, {"title", "Many"}, {"path", "Many#1"}, {"ok", true}}));
  }
  CHECK(Screen(80, 100).show(out.str()) ==
        "> Many\n"
        "  + action 0  10ms\n  + action 1  10ms\n  + action 2  10ms\n  + action 3  10ms\n"
        "  + action 4  10ms\n  + action 5  10ms\n  + action 6  10ms\n  + action 7  10ms\n"
        "+ Many  8.0s\n");
}

TEST_CASE("colours are there only when wanted") {
  for (const bool colours : {false, true}) {
    std::ostringstream out;
    Terminal terminal;
    terminal.colours = colours;
    FixedClock clock;
    TerminalView view(out, terminal, clock, false);
    for (const Event& each : rolled_back_run()) view.on_event(each);
    CHECK((out.str().find("\x1b[32m") != std::string::npos) == colours);
  }
}

TEST_CASE("while somebody else has the screen, nothing is drawn") {
  std::ostringstream out;
  Terminal terminal;
  FixedClock clock;
  TerminalView view(out, terminal, clock, false);
  const auto events = rolled_back_run();
  for (size_t i = 0; i < 11; ++i) view.on_event(events[i]);
  view.pause();
  const size_t before = out.str().size();
  for (size_t i = 11; i < events.size(); ++i) view.on_event(events[i]);
  view.tick();
  CHECK(out.str().size() == before);
  view.proceed();
  CHECK_THAT(Screen(80, 24).show(out.str()), playbook::testing::ContainsSubstring("+ undo demo.restore\n"));
}

TEST_CASE("the output of a child is shown while it runs, and kept when it fails") {
  FixedClock clock;
  for (const std::string outcome : {"ok", "error"}) {
    std::ostringstream out;
    Terminal terminal;
    TerminalView view(out, terminal, clock, false);
    view.on_event(started(0, "s", "service.start"));
    for (int i = 0; i < 6; ++i) view.on_event(event(0, "log", {{"level", "info"}, {"line", "line " + std::to_string(i)}, {"path", "s"}}));
    CHECK(Screen(80, 24).show(out.str()) == "| service.start\n    line 2\n    line 3\n    line 4\n    line 5\n");
    view.on_event(finished(1, "s", 1000, true, outcome));
    const std::string screen = Screen(80, 24).show(out.str());
    CHECK((screen.find("line 5") != std::string::npos) == (outcome == "error"));
  }
}
