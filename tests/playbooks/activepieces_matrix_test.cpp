// activepieces/upgrade killed at its instants and met by faults, over processes instead of containers: a sample always, all with --all.
#include <unistd.h>

#include "bindings/api/playbook.h"
#include "runtime/base/file.h"
#include "tests/playbooks/activepieces/processes.h"
#include "tests/support/matrix/check.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// Does something to the world when an instant is reached for the n-th time.
class Break final : public Faults {
 public:
  Break(std::string instant, int time, std::function<void()> act) : instant_(std::move(instant)), time_(time), act_(std::move(act)) {}
  void reach(std::string_view instant) override {
    if (instant == instant_ && ++count_ == time_) act_();
  }
  bool happened() const { return count_ >= time_; }

 private:
  const std::string instant_;
  const int time_;
  const std::function<void()> act_;
  int count_ = 0;
};

class Quiet final : public Observer {
  void on_event(const Event&) override {}
};

/// Once upgraded while something is broken.
struct Broken {
  TempFolder folder;
  const Scenario scenario;
  RunResult result;

  explicit Broken(const std::string& to) : Broken(pieces::upgrade_of_processes(to)) {}
  explicit Broken(Scenario of) : scenario(std::move(of)) { scenario.prepare(folder.path()); }
  ~Broken() { scenario.clean(folder.path()); }

  int upgrade(Faults* faults) { return run("run", faults); }
  /// What its gates say where nothing is accepted.
  std::string refusal() {
    RuntimeOptions options;
    options.library = {PLAYBOOK_SOURCE_DIR};
    options.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
    Quiet quiet;
    const RunRequest request{.playbook = scenario.playbook, .instance = folder.path(), .params = scenario.params, .decisions = {}};
    result = Runtime(std::move(options)).check(request, quiet);
    return result.error ? result.error->details().dump() : "";
  }
  int roll_back() { return run("rollback", nullptr); }
  std::string state() const { return scenario.judge(folder.path()); }
  std::string database() const { return pieces::database_name(folder.path()); }

 private:
  int run(const std::string& verb, Faults* faults) {
    RuntimeOptions options;
    options.library = {PLAYBOOK_SOURCE_DIR};
    options.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
    options.faults = faults;
    Runtime runtime(std::move(options));
    Quiet quiet;
    Decisions yes;
    yes.yes = true;
    yes.accept = {"breaking", "jobs"};
    if (verb == "rollback")
      result = runtime.rollback(folder.path(), "", yes, quiet);
    else
      result = runtime.run({.playbook = scenario.playbook, .instance = folder.path(), .params = scenario.params, .decisions = yes}, quiet);
    return result.exit;
  }
};

}  // namespace

TEST_CASE("activepieces/upgrade holds at a sample of instants, forward and back", "[matrix][pieces]") {
  check_crash_matrix(pieces::upgrade_of_processes("0.83.0"), every(90));
}

TEST_CASE("where its migration fails, or its image is gone when it is to start, Activepieces is again as it was", "[pieces]") {
  Broken migration("0.83.2");
  CHECK(migration.upgrade(nullptr) == kRolledBack);
  REQUIRE(migration.result.error);
  CHECK_THAT(migration.result.error->message(), ContainsSubstring("Migration \"RemoveMcpServerStatus1790000000000\" failed"));
  CHECK(migration.state() == "old");

  Broken missing("0.83.0");
  const fs::path images = missing.folder.path() / ".engine/images.json";
  Break gone("compose.stop.done", 2, [&] {
    Json all = parse_json(read_file(images), "images.json");
    all.erase("registry.test/activepieces/activepieces:0.83.0");
    replace_file(images, all.dump());
  });
  CHECK(missing.upgrade(&gone) == kRolledBack);
  CHECK(gone.happened());
  REQUIRE(missing.result.error);
  CHECK_THAT(missing.result.error->message(), ContainsSubstring("registry.test/activepieces/activepieces:0.83.0"));
  CHECK(missing.state() == "old");
}

TEST_CASE("an Activepieces with PGlite is upgraded cold, and goes back with its folder", "[pieces]") {
  Broken crashes(pieces::pglite_upgrade("0.83.3"));
  CHECK(crashes.upgrade(nullptr) == kRolledBack);
  CHECK(crashes.state() == "old");

  Broken good(pieces::pglite_upgrade("0.83.0"));
  INFO(good.upgrade(nullptr) << " " << (good.result.error ? good.result.error->message() : ""));
  CHECK(good.state() == "new");
  CHECK(good.roll_back() == kReached);
  CHECK(good.state() == "old");
}

TEST_CASE("where it crashes once it has migrated, or the disk of its backups is full, Activepieces is again as it was",
          "[.][pieces][exhaustive]") {
  Broken crashes("0.83.3");
  CHECK(crashes.upgrade(nullptr) == kRolledBack);
  CHECK(crashes.state() == "old");

  Broken full("0.83.0");
  const fs::path backups = full.folder.path() / ".playbook/backups";
  fs::create_directories(backups);
  REQUIRE(std::system(("mount -t tmpfs -o size=200m tmpfs " + backups.string()).c_str()) == 0);
  Break fill("backup.begun", 2, [&] {
    const std::string command = "dd if=/dev/zero of=" + (backups / "filled").string() + " bs=4k 2>/dev/null";
    REQUIRE(std::system(command.c_str()) != 0);
  });
  CHECK(full.upgrade(&fill) == kRolledBack);
  CHECK(fill.happened());
  CHECK(full.state() == "old");
  CHECK(std::system(("umount " + backups.string()).c_str()) == 0);
}

TEST_CASE("where its database is gone when it is saved or the release starts, Activepieces is again as it was once that is back",
          "[.][pieces][exhaustive]") {
  for (const auto& [instant, time] : {std::pair{"backup.snapshot", 2}, std::pair{"compose.up.before", 1}}) {
    INFO(instant);
    Broken app("0.83.0");
    auto door = [&](const char* open) {
      postgres_cluster().run("postgres", "alter database " + app.database() + " allow_connections " + open);
      postgres_cluster().run("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = '" + app.database() + "'");
    };
    Break gone(instant, time, [&] { door("false"); });
    const int exit = app.upgrade(&gone);
    CHECK(gone.happened());
    CHECK((exit == kAttention || exit == kRolledBack));
    door("true");
    if (exit == kAttention) CHECK(app.roll_back() == kReached);
    CHECK(app.state() == "old");
  }
}

TEST_CASE("an Activepieces goes back by the vendor's command, and is made anew of a set where nothing is", "[pieces]") {
  Broken command(pieces::rollback_by_command());
  INFO(command.upgrade(nullptr) << " " << (command.result.error ? command.result.error->message() : ""));
  CHECK(command.state() == "new");
  CHECK(command.roll_back() == kReached);
  CHECK(command.state() == "old");

  for (const bool pglite : {false, true}) {
    Broken lost(pieces::anew(pglite));
    INFO(pglite << lost.upgrade(nullptr) << " " << (lost.result.error ? lost.result.error->message() : ""));
    CHECK(lost.state() == "new");
  }
}

TEST_CASE("activepieces/rollback, restore and upgrade-pglite hold at a sample of instants", "[.][matrix][ways][exhaustive]") {
  check_crash_matrix(pieces::rollback_by_command(), every(40));
  check_crash_matrix(pieces::pglite_upgrade("0.83.0"), every(40, false, 7));
  for (const bool pglite : {false, true}) check_crash_matrix(pieces::anew(pglite), every(40, false, pglite ? 11 : 23));
}

TEST_CASE("activepieces/rollback, restore and upgrade-pglite hold at every instant", "[.][matrix][pieces][exhaustive]") {
  check_crash_matrix(pieces::rollback_by_command(), {});
  check_crash_matrix(pieces::pglite_upgrade("0.83.0"), {});
  for (const bool pglite : {false, true}) check_crash_matrix(pieces::anew(pglite), {});
}

TEST_CASE("activepieces/upgrade holds at every instant, forward and back", "[.][matrix][pieces][exhaustive]") {
  check_crash_matrix(pieces::upgrade_of_processes("0.83.0"), {});
  check_crash_matrix(pieces::upgrade_of_processes("0.83.0"), every(1, true));
}

TEST_CASE("jobs of an Activepieces that no backup reaches stop an upgrade", "[pieces]") {
  struct Case {
    const char* setting;
    const char* says;
  };
  const std::vector<Case> cases{
      {"AP_QUEUE_MODE=MEMORY", "what waits to be done is in the memory of the server, and no backup holds it"},
      {"AP_REDIS_TYPE=SENTINEL", "what waits to be done is in a Redis behind a Sentinel, and no backup holds it"},
      {"AP_REDIS_HOST=redis.example.com", "what waits to be done is in a Redis outside of the project, and no backup holds it"},
  };
  Broken app("0.83.0");
  const fs::path env = app.folder.path() / ".env";
  const std::string settings = read_file(env);
  for (const Case& one : cases) {
    replace_file(env, settings + one.setting + "\n");
    CHECK_THAT(app.refusal(), ContainsSubstring(one.says));
  }
  CHECK(app.state() == "old");
}
