// What stands around a run: the command for each event, the log file, the events file that attach follows, questions, text on a terminal.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "bindings/cli/event_file.h"
#include "bindings/cli/event_hook.h"
#include "bindings/cli/prompt.h"
#include "bindings/cli/run_log.h"
#include "bindings/cli/terminal.h"
#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::cli;
using playbook::testing::TempFolder;

namespace {

Event event(const std::string& kind, Json data = Json::object()) {
  data["event"] = kind;
  data["time"] = "2026-11-21T07:13:49.123Z";
  data["run"] = "r1";
  return {kind, data};
}

// Both ends of what a person types into.
struct Keyboard {
  int ends[2] = {-1, -1};
  Keyboard() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
  ~Keyboard() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  void type(const std::string& text) { REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size())); }
};

}  // namespace

TEST_CASE("the hook runs its command for each event, in order, with the JSON on standard input") {
  TempFolder folder;
  const auto seen = folder.path() / "seen";
  std::vector<std::string> warnings;
  const Event first = event("run.started"), second = event("log", {{"line", std::string(200000, 'x')}});
  {
    EventHook hook("cat >> '" + seen.string() + "'; echo noise", [&](const std::string& text) { warnings.push_back(text); });
    hook.on_event(first);
    hook.on_event(second);
  }
  CHECK(read_file(seen) == first.data.dump() + "\n" + second.data.dump() + "\n");
  CHECK(warnings.empty());
}

TEST_CASE("a hook that fails is told of once, with the last it said") {
  std::vector<std::string> warnings;
  {
    EventHook hook("echo one; echo cannot reach the pager >&2; exit 3", [&](const std::string& text) { warnings.push_back(text); });
    hook.on_event(event("run.started"));
    hook.on_event(event("run.finished"));
  }
  CHECK(warnings == std::vector<std::string>{"warning: --on-event: exit status 3: cannot reach the pager; further failures are not shown"});
}

TEST_CASE("a hook that hangs is ended, with all that it started") {
  TempFolder folder;
  const auto door = folder.path() / "door";
  REQUIRE(mkfifo(door.c_str(), 0600) == 0);
  const Descriptor reader(open(door.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  std::vector<std::string> warnings;
  {
    EventHook hook("exec > '" + door.string() + "'; echo here; sleep 1000 & wait",
                   [&](const std::string& text) { warnings.push_back(text); },
                   {std::chrono::milliseconds(300), std::chrono::milliseconds(2000), 10});
    hook.on_event(event("run.started"));
  }
  CHECK(warnings ==
        std::vector<std::string>{"warning: --on-event: it did not end within 300ms and was ended; further failures are not shown"});
  char words[16];
  CHECK(read(reader.get(), words, sizeof words) == 5);
  pollfd ended{reader.get(), POLLIN, 0};
  CHECK(poll(&ended, 1, 20000) == 1);  // no writer is left
  CHECK((ended.revents & POLLHUP) != 0);
}

TEST_CASE("a slow hook does not hold up the run, and the end is bounded") {
  std::vector<std::string> warnings;
  const auto begun = std::chrono::steady_clock::now();
  {
    EventHook hook("sleep 1000", [&](const std::string& text) { warnings.push_back(text); },
                   {std::chrono::milliseconds(10000), std::chrono::milliseconds(300), 5});
    for (int i = 0; i < 100; ++i) hook.on_event(event("log"));
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(200));
    for (int i = 0; i < 100; ++i) hook.on_event(event("action.progress"));
    hook.finish();
  }
  CHECK(warnings.size() == 1);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(12));
}

TEST_CASE("the run's log has every event in full, and goes on when the run does") {
  TempFolder folder;
  auto folder_of = [&](const std::string& run) { return folder.path() / run; };
  std::filesystem::create_directory(folder.path() / "r1");
  for (const char* mode : {"run", "resume"}) {
    RunLog log(folder_of);
    log.on_event(event("run.started", {{"mode", mode}, {"playbook", "demo/upgrade"}}));
    log.on_event(event("action.started", {{"path", "p"}, {"name", "host.disk"}, {"change", false}}));
    log.on_event(event("action.finished", {{"path", "p"}, {"name", "host.disk"}, {"change", false}, {"outcome", "ok"}, {"ms", 3}}));
    log.on_event(event("log", {{"level", "debug"}, {"line", "{braces} %v"}}));
  }
  std::istringstream lines(read_file(folder.path() / "r1" / "run.log"));
  std::vector<std::string> texts;
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.substr(19, 1) == ".");
    CHECK(line.substr(23, 2) == "Z ");
    texts.push_back(line.substr(25));
  }
  CHECK(texts == std::vector<std::string>{"run r1 demo/upgrade", "start host.disk", "ok host.disk, 3ms", "{braces} %v",
                                          "resume r1 demo/upgrade", "start host.disk", "ok host.disk, 3ms", "{braces} %v"});
}

TEST_CASE("a plan leaves no log, and a log that cannot be written stops nothing") {
  TempFolder folder;
  RunLog log([&](const std::string&) { return folder.path(); });
  log.on_event(event("run.started", {{"mode", "plan"}}));
  CHECK(!std::filesystem::exists(folder.path() / "run.log"));
  RunLog lost([&](const std::string&) { return folder.path() / "missing"; });
  lost.on_event(event("run.started", {{"mode", "run"}}));
  lost.on_event(event("log", {{"line", "x"}}));
  RunLog throwing([](const std::string&) -> std::filesystem::path { throw Error(Code::internal, "no"); });
  throwing.on_event(event("run.started", {{"mode", "run"}}));
}

TEST_CASE("the events file is followed line by line from the last start, skipping what is no event") {
  TempFolder folder;
  const auto path = folder.path() / "events.jsonl";
  EventFile early(path);
  CHECK(!early.next());
  std::ofstream out(path);
  out << event("run.started").data << "\n" << event("run.finished").data << "\n" << event("run.started").data << "\nbroken\n" << std::flush;
  EventFile file(path);
  CHECK(file.next()->kind == "run.started");
  CHECK(!file.next());
  out << R"({"event":"lo)" << std::flush;
  CHECK(!file.next());
  out << R"(g","line":"x"})"
      << "\n"
      << std::flush;
  CHECK(file.next()->data.at("line") == "x");
  CHECK(!file.next());
  CHECK(early.next()->kind == "run.started");
}

TEST_CASE("a question takes one of its choices, and asks again until it has one") {
  Keyboard keyboard;
  std::ostringstream out;
  std::string order;
  Prompt prompt(
      keyboard.ends[0], out, [&] { order += "before "; }, [&] { order += "after"; });
  keyboard.type("\nmaybe\nYE\n");
  CHECK(prompt.ask("Go on?", {"yes", "no"}) == "yes");
  CHECK(out.str() == "Go on? [yes/no] Go on? [yes/no] Go on? [yes/no] ");
  CHECK(order == "before after");
}

TEST_CASE("an answer is a choice when its first letters are enough") {
  const std::vector<std::string> choices = {"continue", "pause", "roll back", "done", "do"};
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"c", "continue"}, {" Pause ", "pause"}, {"roll", "roll back"}, {"do", "do"}, {"d", ""}, {"", ""}, {"x", ""}};
  for (const auto& [answer, choice] : cases) CHECK(matching_choice(answer, choices) == choice);
}

TEST_CASE("without a person a question has no answer") {
  std::ostringstream out;
  Prompt nobody(-1, out, nullptr, nullptr);
  CHECK(nobody.ask("Go on?", {"yes", "no"}) == std::nullopt);
  CHECK(out.str().empty());
  Keyboard keyboard;
  close(std::exchange(keyboard.ends[1], -1));
  Prompt ended(keyboard.ends[0], out, nullptr, nullptr);
  CHECK(ended.ask("Go on?", {"yes", "no"}) == std::nullopt);
}

TEST_CASE("a pending question is taken back, and none is asked after that") {
  Keyboard keyboard;
  std::ostringstream out;
  Prompt prompt(keyboard.ends[0], out, nullptr, nullptr);
  std::optional<std::string> answer = "none";
  std::thread asking([&] { answer = prompt.ask("Go on?", {"yes", "no"}); });
  prompt.hang_up();
  asking.join();
  CHECK(answer == std::nullopt);
  CHECK(!prompt.can_ask());
  const std::string before = out.str();
  prompt.say("hello?");
  CHECK(out.str() == before);
}

TEST_CASE("text is clipped by columns, not by bytes") {
  CHECK(columns("größe") == 5);
  CHECK(columns("日本") == 4);
  CHECK(clip("größer als", 7, true) == "größer…");
  CHECK(clip("größer als", 7, false) == "größ...");
  CHECK(clip("short", 7, true) == "short");
  CHECK(printable("a\tb\x1b[0m\r\nc\x9f") == "a b?[0m\nc?");
  CHECK(one_line("a\nb\n") == "a b");
}
