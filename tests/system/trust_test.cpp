// What an operator may trust whatever the author of a playbook did: nothing is left standing, nothing is asked too late, nothing is
// forgotten.
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// An instance of two files and a module that knows how to bring one of them back.
struct Site {
  TempFolder folder;
  Site() {
    folder.write("data", "1.0");
    folder.write("mail.conf", "old smtp");
    folder.write("site.lua", R"(local playbook = require "playbook"
local site = {}
function site.inspect()
  local app = { module = "site", title = "Site", version = file.read("data"), state = { { type = "files", paths = { "data" } } } }
  playbook.instance(app)
  return app
end
function site.stop_writers() end
function site.restore(app, saved) backup.restore(saved) end
return site
)");
  }
  /// `body` runs in the downtime, behind a way back that restores `data` alone.
  void playbook(const std::string& name, const std::string& body) const {
    folder.write(
        name,
        "local playbook, site = require \"playbook\", require \"site\"\nreturn playbook.define {\n  name = \"site/go\", summary = \"Go.\", "
        "params = { to = {} },\n  run = function(p)\n    local app = site.inspect()\n    downtime(function()\n"
        "      local saved = backup.create(app.state, { app = \"site\", version = app.version })\n"
        "      way_back(site.restore, app, saved)\n      " +
            body + "\n    end)\n  end,\n}\n");
  }
  std::string text(const char* name) const { return read_file(folder.path() / name); }
  Finished run(const std::vector<std::string>& arguments) const { return run_playbook(arguments, folder.path()); }
};

std::string plain_playbook(const std::string& body) {
  return "local playbook = require \"playbook\"\nreturn playbook.define { name = \"site/go\", summary = \"Go.\", run = function()\n" +
         body + "\nend }\n";
}

}  // namespace

TEST_CASE("an edit that the way back did not bring back is undone by its inverse", "[command]") {
  Site site;
  site.playbook("late.lua", R"(file.write("data", "1.1") file.write("mail.conf", "new smtp") file.write("added", "x") error "late")");
  const Finished run = site.run({"late.lua", "--yes"});
  INFO(run.out << run.err);
  CHECK(run.status == 1);
  CHECK(site.text("data") == "1.0");
  CHECK(site.text("mail.conf") == "old smtp");
  CHECK_FALSE(fs::exists(site.folder.path() / "added"));
  CHECK_THAT(run.out, ContainsSubstring("now: the old state; not verified, because site exports no function verify"));
  CHECK(run.out.find("new smtp") == std::string::npos);  // what a file is to hold is nobody's business
}

TEST_CASE("runs are taken back one after the other, each with its own files", "[command]") {
  Site site;
  site.playbook("go.lua", R"(file.write("data", p.to) file.write("mail.conf", "smtp of " .. p.to))");
  REQUIRE(site.run({"go.lua", "--to", "1.1", "--yes"}).status == 0);
  REQUIRE(site.run({"go.lua", "--to", "1.2", "--yes"}).status == 0);
  for (const char* version : {"1.1", "1.0"}) {
    const Finished back = site.run({"rollback", "--yes"});
    INFO(back.out << back.err);
    CHECK(back.status == 0);
    CHECK(site.text("data") == version);
    CHECK(site.text("mail.conf") == (version == std::string("1.0") ? "old smtp" : "smtp of 1.1"));
  }
  const Finished nothing = site.run({"rollback", "--yes"});
  CHECK(nothing.status == 2);
  CHECK_THAT(nothing.err, ContainsSubstring("no run here has changed anything that stands"));
}

TEST_CASE("gates only ask, come first, and cannot be swallowed", "[command]") {
  struct Case {
    const char* body;
    const char* says;
  };
  const std::vector<Case> cases{
      {"gates(function() file.write('changed', 'x') end)", "file.write changes something, and stands inside gates"},
      {"file.write('first', 'x') gates(function() gate('it may', true) end)", "a gate stands behind a change: file.write first"},
      {"pcall(gates, function() gate('it may', false, 'no') end) file.write('changed', 'x')",
       "gate it may has refused, and the playbook goes on to file.write"},
  };
  for (const Case& one : cases) {
    TempFolder folder;
    folder.write("go.lua", plain_playbook(one.body));
    const Finished run = run_playbook({"go.lua"}, folder.path());
    INFO(run.out << run.err);
    CHECK(run.status != 0);
    CHECK_THAT(run.err, ContainsSubstring(one.says));
    CHECK_FALSE(fs::exists(folder.path() / "changed"));
    CHECK_FALSE(fs::exists(folder.path() / "first"));
  }
}

TEST_CASE("a name after --override that no gate has is refused before anything changes, with the names there are", "[command]") {
  TempFolder folder;
  folder.write("go.lua", plain_playbook("gates(function() gate('disk', false, 'full') gate('memory', false, 'small') end)\n"
                                        "file.write('changed', 'x')"));
  auto run = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "go.lua");
    words.insert(words.end(), {"--override", "disk", "--reason", "known", "--override", "memory", "--reason", "known"});
    return run_playbook(words, folder.path());
  };
  Finished typo = run({"--override", "disc", "--reason", "known"});
  INFO(typo.out << typo.err);
  CHECK(typo.status == 3);
  CHECK_THAT(typo.err, ContainsSubstring("--override disc: no gate that was asked has that name; did you mean \"disk\"?"));
  CHECK_THAT(typo.err, ContainsSubstring("its gates are disk, memory"));
  CHECK_FALSE(fs::exists(folder.path() / "changed"));
  const Finished right = run({});
  CHECK(right.status == 0);
  CHECK(fs::exists(folder.path() / "changed"));
}

TEST_CASE("a run that stops in its downtime says that the application is down, and how to go on", "[command]") {
  Site site;
  site.playbook("ask.lua", R"(if not confirm("Go on?") then error "no" end)");
  const Finished run = site.run({"ask.lua"});
  CHECK(run.status == 5);
  CHECK_THAT(run.out, ContainsSubstring("application: DOWN since 20"));
  CHECK_THAT(run.out, ContainsSubstring("next: playbook resume -C " + site.folder.path().string()) && ContainsSubstring(" --yes"));
  CHECK_THAT(site.run({"status"}).out, ContainsSubstring("DOWN since 20"));
  CHECK(site.run({"check", "ask.lua"}).status == 6);
  REQUIRE(site.run({"resume", "--yes"}).status == 0);
  CHECK(site.run({"status"}).out.find("DOWN") == std::string::npos);
}

TEST_CASE("a journal that was lost is not taken for one without runs", "[command]") {
  Site site;
  site.playbook("go.lua", "file.write('data', p.to)");
  REQUIRE(site.run({"go.lua", "--to", "1.1", "--yes"}).status == 0);
  for (const char* name : {"journal.db", "journal.db-wal", "journal.db-shm"}) fs::remove(site.folder.path() / ".playbook" / name);
  const Finished run = site.run({"go.lua", "--to", "1.2", "--yes"});
  INFO(run.out << run.err);
  CHECK(run.status == 3);
  CHECK_THAT(run.err, ContainsSubstring("does not know run 20") && ContainsSubstring("whose folder lies beside it"));
  CHECK(site.text("data") == "1.1");
}

TEST_CASE("what was accepted and overridden when a run began still holds when it is resumed", "[command]") {
  TempFolder folder;
  folder.write("go.lua",
               plain_playbook("gates(function() gate('disk', false, 'full') gate('danger', playbook.accepted 'danger', 'no') end)\n"
                              "file.write('first', 'x') if not confirm('Go on?') then error 'no' end file.write('second', 'x')"));
  const Finished begun = run_playbook({"go.lua", "--accept", "danger", "--override", "disk", "--reason", "known"}, folder.path());
  INFO(begun.out << begun.err);
  REQUIRE(begun.status == 5);
  const Finished resumed = run_playbook({"resume", "--yes"}, folder.path());
  INFO(resumed.out << resumed.err);
  CHECK(resumed.status == 0);
  CHECK(fs::exists(folder.path() / "second"));
}

TEST_CASE("what was restored and then changed by the application does not keep a run from going on", "[command]") {
  Site site;
  site.folder.write("box/data", "1.0");
  site.playbook("go.lua", R"(local held = backup.create({ { type = "directory", path = "box" } }, { app = "site" })
      file.write("box/data", "1.1") backup.restore(held)
      process.run({ "sh", "-c", "echo 1.2 >box/data" }, { repeat_safe = true }) -- as an application does when it is started
      if not confirm("Go on?") then error "no" end file.write("added", "x"))");
  const Finished begun = site.run({"go.lua"});
  INFO(begun.out << begun.err);
  REQUIRE(begun.status == 5);
  const Finished resumed = site.run({"resume", "--yes"});
  INFO(resumed.out << resumed.err);
  CHECK(resumed.status == 0);
  CHECK(site.text("box/data") == "1.2\n");
}
