// The real command as a process: exit codes, what is printed where, signals, questions on a terminal, a lost terminal, attach.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
using On = CommandProcess::On;

namespace {

// A folder with an instance and a playbook beside it: writes `first`, does `middle`, writes `second`.
struct Site {
  TempFolder folder;
  explicit Site(const std::string& middle, const std::string& params = "") {
    folder.write("go.lua",
                 "local playbook = require \"playbook\"\nreturn playbook.define {\n  name = \"site/go\", summary = \"Go.\",\n  params = {" +
                     params + "},\n  run = function(p)\n    step(\"First\", function() file.write(\"first\", \"1\") end)\n    " + middle +
                     "\n    step(\"Second\", function() file.write(\"second\", \"2\") end)\n  end,\n}\n");
  }
  const std::filesystem::path& path() const { return folder.path(); }
  bool has(const char* name) const { return std::filesystem::exists(path() / name); }
  Finished run(std::vector<std::string> arguments) const { return run_playbook(arguments, path()); }
};

// A child that says "waiting" and waits until the test lets it go.
struct Waiting : Site {
  Waiting() : Site(R"(process.run({ "sh", "-c", "echo waiting; read line < door" }, { harmless = true, repeat_safe = true }))") {
    if (mkfifo((path() / "door").c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    door.reset(open((path() / "door").c_str(), O_RDWR | O_CLOEXEC));  // both ends: writing waits for no reader
  }
  void let_go() const { REQUIRE(write(door.get(), "\n", 1) == 1); }
  Descriptor door;
};

Json last_line(const std::string& text) {
  const auto lines = split(trim(text), '\n');
  return Json::parse(lines.back());
}

std::string state_of(const Site& site) { return Json::parse(site.run({"status", "--json"}).out).at("run").at("state"); }

}  // namespace

TEST_CASE("wrong usage is told on standard error, with exit code 2", "[command]") {
  TempFolder folder;
  const Finished unknown = run_playbook({"stauts"}, folder.path());
  CHECK(unknown.status == 2);
  CHECK(unknown.out.empty());
  CHECK(unknown.err ==
        "error: there is no command \"stauts\"; did you mean \"status\"?\n"
        "  hint: `playbook --help` lists the commands\n"
        "  changed: nothing\n");
  CHECK(run_playbook({"--version"}, folder.path()).status == 0);
  CHECK(run_playbook({"--help"}, folder.path()).status == 0);
  CHECK(run_playbook({"status", "-C", "nowhere"}, folder.path()).status == 2);
  CHECK(run_playbook({"missing.lua"}, folder.path()).status == 2);
  CHECK(run_playbook({"demo/upgrad", "--to", "1.1"}, folder.path()).status == 2);
}

TEST_CASE("a playbook runs, prints its instance first, and leaves a log and a history", "[command]") {
  Site site("");
  const Finished run = site.run({"go.lua"});
  INFO(run.out << run.err);
  CHECK(run.status == 0);
  CHECK_THAT(run.out, StartsWith("instance " + site.path().string() + "\n"));
  CHECK_THAT(run.out, ContainsSubstring("DONE site/go"));
  CHECK(run.out.find('\x1b') == std::string::npos);
  CHECK(run.err.empty());
  CHECK(site.has("first"));
  CHECK(site.has("second"));
  const Json history = Json::parse(site.run({"history", "--json"}).out);
  REQUIRE(history.size() == 1);
  CHECK(history[0].at("state") == "done");
  const std::string id = history[0].at("run");
  CHECK_THAT(read_file(site.path() / ".playbook/runs" / id / "run.log"), ContainsSubstring("start file.write first"));
  const Finished show = site.run({"show", id.substr(id.size() - 4)});
  CHECK(show.status == 0);
  CHECK_THAT(show.out, ContainsSubstring("file.write first"));
  CHECK_THAT(show.out, ContainsSubstring("First"));
}

TEST_CASE("with --json every line is an event and the last one is run.finished", "[command]") {
  Site site("");
  const Finished run = site.run({"go.lua", "--json"});
  CHECK(run.status == 0);
  CHECK(run.err.empty());
  const auto lines = split(trim(run.out), '\n');
  CHECK(Json::parse(lines.front()).at("event") == "run.started");
  CHECK(last_line(run.out).at("event") == "run.finished");
  CHECK(last_line(run.out).at("exit") == 0);
  const Finished wrong = site.run({"run", "go.lua", "-C", "nowhere", "--json"});
  CHECK(wrong.status == 2);
  CHECK(last_line(wrong.out).at("error").at("code") == "instance.missing");
}

TEST_CASE("parameters of the playbook are options, and wrong ones change nothing", "[command]") {
  Site site("file.write(\"to\", p.to)", R"( to = { type = "release", required = true, help = "such as 1.1" } )");
  const Finished missing = site.run({"go.lua"});
  CHECK(missing.status == 2);
  CHECK(missing.err == "error: option --to is required: such as 1.1\n  changed: nothing\n");
  CHECK(site.run({"go.lua", "--to", "latest"}).status == 2);
  CHECK(
      site.run({"go.lua", "--ot", "1.1"}).err ==
      "error: option --ot does not exist; did you mean \"--to\"?\n  hint: `playbook run --help` shows what it takes\n  changed: nothing\n");
  CHECK(!site.has("first"));
  CHECK_THAT(site.run({"go.lua", "--help"}).out, ContainsSubstring("  --to RELEASE"));
  CHECK(site.run({"go.lua", "--to", "1.1"}).status == 0);
  CHECK(read_file(site.path() / "to") == "1.1");
}

TEST_CASE("a parameter with the name of an option of the command is refused at load", "[command]") {
  Site site("", R"( json = { type = "string", help = "" } )");
  const Finished run = site.run({"go.lua"});
  CHECK(run.status == 2);
  CHECK(run.err ==
        "error: site/go: parameter \"json\" has the name of the option --json\n  hint: give the parameter another name\n  changed: "
        "nothing\n");
}

TEST_CASE("a failure after a change is rolled back, with exit code 1 and the reason", "[command]") {
  Site site("error(\"the shop burned down\")");
  const Finished run = site.run({"go.lua"});
  INFO(run.out << run.err);
  CHECK(run.status == 1);
  CHECK(!site.has("first"));
  CHECK_THAT(run.err, ContainsSubstring("the shop burned down"));
  CHECK_THAT(run.out, ContainsSubstring("ROLLED BACK site/go"));
  CHECK_THAT(run.out, ContainsSubstring(" | why: "));
}

TEST_CASE("a gate that refuses changes nothing, with exit code 3, and is overridden by name with a reason", "[command]") {
  TempFolder folder;
  folder.write(
      "go.lua",
      "local playbook = require \"playbook\"\nreturn playbook.define {\n  name = \"site/go\", summary = \"Go.\",\n  run = function()\n"
      "    gates(function() gate(\"there is room\", false, \"1 MiB is free\", \"free some\") end)\n"
      "    file.write(\"first\", \"1\")\n  end,\n}\n");
  for (const char* command : {"check", "run"}) {
    const Finished refused = run_playbook({command, "go.lua"}, folder.path());
    INFO(refused.out << refused.err);
    CHECK(refused.status == 3);
    CHECK_THAT(refused.out, ContainsSubstring("refused there is room: 1 MiB is free"));
    CHECK_THAT(refused.err, ContainsSubstring("  changed: nothing\n"));
    CHECK((refused.out.find(" | why: ") != std::string::npos) ==
          (command == std::string("run")));  // a check has no last screen beside its error
  }
  CHECK(!std::filesystem::exists(folder.path() / "first"));
  CHECK(run_playbook({"go.lua", "--override", "there is room"}, folder.path()).status == 2);
  CHECK(run_playbook({"go.lua", "--override", "there is room", "--reason", "it is a test"}, folder.path()).status == 0);
  CHECK_THAT(run_playbook({"show"}, folder.path()).out, ContainsSubstring("override  there is room: it is a test"));
}

TEST_CASE("a question without a terminal suspends, --yes answers it", "[command]") {
  Site site("if not confirm(\"Go on?\") then error(\"no\") end");
  const Finished run = site.run({"go.lua"});
  INFO(run.out << run.err);
  CHECK(run.status == 5);
  CHECK_THAT(run.out, ContainsSubstring("next: playbook resume -C " + site.path().string()));
  const Finished again = site.run({"go.lua"});
  CHECK(again.status == 6);
  CHECK_THAT(again.err, ContainsSubstring("is not finished"));
  CHECK(site.run({"resume", "--yes"}).status == 0);
  CHECK(site.has("second"));
}

TEST_CASE("a question on a terminal is asked and answered", "[command]") {
  Site site("if not confirm(\"Go on?\") then error(\"no\") end");
  CommandProcess run({"go.lua"}, site.path(), On::terminal);
  run.wait_for("Go on? [yes/no]");
  run.type("y\n");
  CHECK(run.finish() == 0);
  CHECK(site.has("second"));
}

TEST_CASE("NO_COLOR is respected on a terminal", "[command]") {
  Site plain(""), coloured("");
  CommandProcess without({"go.lua"}, plain.path(), On::terminal, {{"NO_COLOR", "1"}});
  CHECK(without.finish() == 0);
  CHECK(without.out.find("\x1b[32m") == std::string::npos);
  CommandProcess with({"go.lua"}, coloured.path(), On::terminal);
  CHECK(with.finish() == 0);
  CHECK(with.out.find("\x1b[32m") != std::string::npos);
}

TEST_CASE("SIGTERM suspends at the next safe point, and resume goes on", "[command]") {
  Waiting site;
  CommandProcess run({"go.lua"}, site.path());
  run.wait_for("waiting");
  run.signal(SIGTERM);
  run.wait_for("suspending at the next safe point");
  site.let_go();
  CHECK(run.finish() == 5);
  CHECK(site.has("first"));
  CHECK(!site.has("second"));
  CHECK(state_of(site) == "suspended");
  CHECK(site.run({"resume"}).status == 0);
  CHECK(site.has("second"));
}

TEST_CASE("a second signal ends at once with 5, and the journal holds", "[command]") {
  Waiting site;
  CommandProcess run({"go.lua"}, site.path());
  run.wait_for("waiting");
  run.signal(SIGTERM);
  run.wait_for("suspending at the next safe point");
  run.signal(SIGINT);
  CHECK(run.finish() == 5);
  CHECK_THAT(run.err, ContainsSubstring("ended at once; the journal holds"));
  CHECK(state_of(site) == "running");
  CommandProcess resume({"resume"}, site.path());
  resume.wait_for("waiting");
  site.let_go();
  CHECK(resume.finish() == 0);
}

TEST_CASE("Ctrl-C asks, during a long action too", "[command]") {
  const std::vector<std::tuple<std::string, int, bool, bool>> cases = {
      {"continue", 0, true, true}, {"pause", 5, true, false}, {"roll back", 1, false, false}};
  for (const auto& [answer, status, first, second] : cases) {
    Waiting site;
    CommandProcess run({"go.lua"}, site.path(), On::terminal);
    run.wait_for("waiting");
    run.type("\x03");
    run.wait_for("Continue, pause it, or roll it back? [continue/pause/roll back]");
    run.type(answer + "\n");
    if (status != 1) site.let_go();  // a roll back ends the child
    INFO(answer);
    CHECK(run.finish() == status);
    CHECK(site.has("first") == first);
    CHECK(site.has("second") == second);
  }
}

TEST_CASE("a second Ctrl-C at the question ends at once", "[command]") {
  Waiting site;
  CommandProcess run({"go.lua"}, site.path(), On::terminal);
  run.wait_for("waiting");
  run.type("\x03");
  run.wait_for("roll it back?");
  run.type("\x03");
  CHECK(run.finish() == 5);
  CHECK(state_of(site) == "running");
}

TEST_CASE("a lost terminal does not stop the run, and attach follows it to its exit code", "[command]") {
  Waiting site;
  CommandProcess run({"go.lua"}, site.path(), On::terminal);
  run.wait_for("waiting");
  run.hang_up();
  CommandProcess attach({"attach"}, site.path());
  attach.wait_for("waiting");
  site.let_go();
  CHECK(attach.finish() == 0);
  CHECK_THAT(attach.out, ContainsSubstring("DONE site/go"));
  CHECK(site.has("second"));
}

TEST_CASE("attach of a finished run shows it again and has its exit code", "[command]") {
  Site site("error(\"the shop burned down\")");
  CHECK(site.run({"go.lua"}).status == 1);
  const Finished attach = site.run({"attach", "--json"});
  CHECK(attach.status == 1);
  CHECK(last_line(attach.out).at("event") == "run.finished");
}

TEST_CASE("a reader that goes away does not stop the run", "[command]") {
  Waiting site;
  CommandProcess run({"go.lua"}, site.path());
  run.wait_for("waiting");
  run.hang_up();
  site.let_go();
  CHECK(run.finish() == 0);
  CHECK(site.has("second"));
}

TEST_CASE("each event goes to the command that was asked for", "[command]") {
  Site site("");
  CHECK(site.run({"go.lua", "--on-event", "cat >> events"}).status == 0);
  const auto lines = split(trim(read_file(site.path() / "events")), '\n');
  CHECK(Json::parse(lines.front()).at("event") == "run.started");
  CHECK(Json::parse(lines.back()).at("event") == "run.finished");
  Site failing("");
  const Finished run = failing.run({"go.lua", "--on-event", "exit 7"});
  CHECK(run.status == 0);
  CHECK(run.err == "warning: --on-event: exit status 7; further failures are not shown\n");
}

TEST_CASE("a plan changes nothing and leaves nothing", "[command]") {
  Site site("");
  const Finished plan = site.run({"go.lua", "--plan"});
  INFO(plan.out << plan.err);
  CHECK(plan.status == 0);
  CHECK_THAT(plan.out, ContainsSubstring("would "));
  CHECK(!site.has("first"));
  CHECK(!site.has(".playbook"));
}

TEST_CASE("the instance is the playbook's folder when an instance is there", "[command]") {
  Site site("");
  site.folder.write(".env", "A=1\n");
  TempFolder elsewhere;
  const Finished run = run_playbook({(site.path() / "go.lua").string()}, elsewhere.path());
  CHECK(run.status == 0);
  CHECK_THAT(run.out, StartsWith("instance " + site.path().string() + "\n"));
  CHECK(site.has("second"));
}

TEST_CASE("eval prints a value, its errors have exit code 2", "[command]") {
  TempFolder folder;
  CHECK(run_playbook({"eval", "1 + 1"}, folder.path()).out == "2\n");
  CHECK(run_playbook({"eval", "version.compare(\"1.9\", \"1.10\")", "--json"}, folder.path()).out == "-1\n");
  CHECK(run_playbook({"eval", "nonsense("}, folder.path()).status == 2);
}

TEST_CASE("doc and list speak of what is shipped", "[command]") {
  TempFolder folder;
  const std::string list = run_playbook({"list"}, folder.path()).out;
  CHECK_THAT(list, ContainsSubstring("\ndemo/upgrade ") && ContainsSubstring(" Upgrade the demo shop"));
  CHECK(list.find("DOES NOT LOAD") == std::string::npos);
  CHECK_THAT(run_playbook({"doc"}, folder.path()).out, ContainsSubstring("  dotenv.set "));
  CHECK_THAT(run_playbook({"doc", "dotenv.set"}, folder.path()).out, ContainsSubstring("dotenv.set"));
  CHECK_THAT(run_playbook({"doc", "demo/upgrade"}, folder.path()).out, ContainsSubstring("Parameters of demo/upgrade:\n  --to RELEASE"));
  CHECK(run_playbook({"doc", "dotenv.ste"}, folder.path()).status == 2);
  CHECK_THAT(run_playbook({"doc", "--stubs"}, folder.path()).out, ContainsSubstring("---@"));
}
