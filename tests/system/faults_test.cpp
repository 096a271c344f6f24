#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/matrix/notes.h"
#include "tests/support/temp_folder.h"

namespace fs = std::filesystem;
using namespace playbook;
using namespace playbook::testing;

namespace {

class Quiet final : public Observer {
  void on_event(const Event&) override {}
};

/// One process's view of the instance of notes.
struct Host {
  explicit Host(const fs::path& folder) : instance(folder), runtime(options()) {}
  static RuntimeOptions options() {
    RuntimeOptions o;
    o.library = {fs::path(PLAYBOOK_SOURCE_DIR) / "tests/system/matrix", PLAYBOOK_SOURCE_DIR};
    o.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
    return o;
  }
  RunResult upgrade(const std::string& version) {
    return runtime.run({.playbook = "matrix/upgrade", .instance = instance, .params = {{"to", version}}, .decisions = {}}, quiet);
  }
  RunResult rollback() { return runtime.rollback(instance, "", {}, quiet); }

  fs::path instance;
  Runtime runtime;
  Quiet quiet;
};

}  // namespace

TEST_CASE("a child that is killed from outside takes the run back to the old state", "[faults]") {
  TempFolder folder;
  lay_out_notes(folder.path());
  Host host(folder.path());
  RunResult result = host.upgrade("4");
  CHECK(result.exit == kRolledBack);
  REQUIRE(result.error);
  CHECK(result.error->code() == Code::service_failed);
  CHECK(judge_notes(folder.path()) == "old");
}

TEST_CASE("a database that another holds stops the run with the writers stopped, and rollback finishes it once it is free", "[faults]") {
  TempFolder folder;
  lay_out_notes(folder.path());
  Host host(folder.path());
  {
    Sqlite other(folder.path() / "notes.db", Sqlite::Mode::write);
    other.query("begin immediate");
    RunResult result = host.upgrade("2");
    CHECK(result.exit == kAttention);
    CHECK(result.report["writers_stopped"] == true);
    CHECK_FALSE(fs::exists(folder.path() / "running"));
    CHECK(result.next.at(0).starts_with("playbook rollback -C " + folder.path().string()));
    CHECK(host.upgrade("2").exit == kHeld);
  }
  CHECK(host.rollback().exit == kReached);
  CHECK(judge_notes(folder.path()) == "old");
}

TEST_CASE("a disk that fills up in the middle ends in the old state, at the latest once there is room again", "[faults]") {
  REQUIRE(::geteuid() == 0);  // mounts a file system of its own
  TempFolder folder;
  pid_t child = ::fork();
  if (child == 0) {
    auto leave = [](int status) { ::_exit(status); };
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", folder.path().c_str(), "tmpfs", 0, "size=16m") != 0)
      leave(90);
    try {
      lay_out_notes(folder.path());
      Host host(folder.path());
      RunResult result = host.upgrade("5");
      if (result.exit != kRolledBack && result.exit != kAttention) leave(91);
      fs::remove(folder.path() / "filler");
      if (result.exit == kAttention && host.rollback().exit != kReached) leave(92);
      std::optional<RunRow> run = host.runtime.find_run(folder.path(), "");
      if (!run || run->state != RunState::rolled_back) leave(93);
      leave(judge_notes(folder.path()) == "old" ? 0 : 94);
    } catch (const std::exception&) {
      leave(95);
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the last run that changed something can be taken back, by a run of its own, whatever was looked at since", "[faults]") {
  TempFolder folder;
  lay_out_notes(folder.path());
  Host host(folder.path());
  RunResult upgrade = host.upgrade("2");
  REQUIRE(upgrade.exit == kReached);
  REQUIRE(judge_notes(folder.path()) == "new");
  REQUIRE(host.runtime.run({.playbook = "matrix/verify", .instance = folder.path(), .params = {}, .decisions = {}}, host.quiet).exit ==
          kReached);
  Decisions yes;
  yes.yes = true;
  const std::string named = GENERATE("", "the upgrade");
  RunResult back = host.runtime.rollback(folder.path(), named.empty() ? "" : upgrade.run, yes, host.quiet);
  CHECK_THAT(back.summary, StartsWith("DONE playbook/rollback, down "));
  CHECK(back.exit == kReached);
  CHECK(judge_notes(folder.path()) == "old");
}
