// An Appstrate on a real Docker engine whose world is broken in the midst of its upgrade, for tests of what becomes of it: the new state,
// or the old one, or the writers stopped and fenced, with the commands that finish it once the world is whole again.
#pragma once

#include <signal.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "bindings/api/playbook.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"

namespace playbook::testing {

namespace fs = std::filesystem;

inline const char* const kNew = "1.0.0-beta.51";
inline const char* const kCrashes = "1.0.0-beta.47";  ///< once it has migrated

/// Does something to the world when an instant is reached for the n-th time.
class At final : public Faults {
 public:
  At(std::string instant, int time, std::function<void()> act) : instant_(std::move(instant)), time_(time), act_(std::move(act)) {}
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

inline void run(const std::string& command) { output_of(command); }

/// Ends a program that runs in a container as seen from outside: its client, `docker exec ... PROGRAM`.
inline void kill_client(const std::string& container_id, const std::string& program) {
  for (const fs::directory_entry& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::vector<std::string> words = split(try_read_file(entry.path() / "cmdline").value_or(""), '\0');
    auto has = [&](const std::string& word) { return std::find(words.begin(), words.end(), word) != words.end(); };
    if (words.size() > 2 && words[0] == "docker" && words[1] == "exec" && has(container_id) && has(program)) kill(std::stoi(name), SIGKILL);
  }
}

/// An Appstrate whose world is broken while it is upgraded.
class Instance : public Deployment {
 public:
  Instance() {
    push_release(kNew, kNew);
    push_release(kCrashes, kCrashes, Flaw::none, "crash");
  }
  ~Instance() { joined(); }

  RunResult upgrade(Faults& faults, const std::string& to = kNew) {
    RuntimeOptions options;
    options.library = {PLAYBOOK_SOURCE_DIR};
    options.guardian = fs::path(PLAYBOOK_BINARY_DIR) / "playbook-guardian";
    options.faults = &faults;
    Runtime runtime(std::move(options));
    Quiet quiet;
    Decisions yes;
    yes.yes = true;
    RunResult result =
        runtime.run({.playbook = "appstrate/upgrade", .instance = folder(), .params = {{"to", to}}, .decisions = yes}, quiet);
    joined();
    return result;
  }

  std::string state() const { return Deployment::state(env()); }
  bool is_fenced() const {
    return look("appstrate", ".State.Status") != "running" && look("appstrate", ".HostConfig.RestartPolicy.Name") == "no";
  }

  /// In which state it is once the world is repaired. Where the run could reach neither: that its writers are fenced, that `status` says
  /// so, and that the first of the commands that it names finishes it, typed as it stands there.
  std::string ends(
      const RunResult& result, const std::function<void()>& repair = [] {}) const {
    INFO("exit " << result.exit << ": " << result.summary << (result.error ? " | " + result.error->message() : ""));
    const bool attention = result.exit == kAttention;
    if (attention) {
      CHECK(is_fenced());
      Finished status = playbook({"status"});
      INFO(status.out << status.err);
      REQUIRE_FALSE(result.next.empty());
      CHECK(status.out.find(result.next[0]) != std::string::npos);
    }
    repair();
    if (attention) {
      std::vector<std::string> words = split(result.next[0], ' ');
      REQUIRE(words[0] == "playbook");
      CommandProcess command({words.begin() + 1, words.end()}, folder());
      const int status = command.finish();
      INFO(result.next[0] << ":\n" << command.out << command.err);
      CHECK((status == 0 || status == 1));
      return "attention, then " + state();
    }
    const std::string is = state();
    CHECK(is == (result.exit == kReached ? "new" : "old"));
    return is;
  }

  /// What runs in the database's container for clients: their programs, and what is left of scratch databases.
  std::string clients() const {
    return output_of(
        "docker top " + container("postgres") +
        " -eo pid,args | grep -E '^ *[0-9]+ +([^ ]*/)?(pg_dump|psql|pg_restore)( |$)|playbook_scratch' | grep -v 'lock table' || true");
  }

  /// Holds pg_dump in the midst of its work, does `act` then, and lets go. To be called once what is dumped has been fingerprinted: that
  /// session reads the table already, so that this lock waits for it, and pg_dump waits behind the lock.
  void while_dumping(const std::function<void()>& act) {
    hold("appstrate", "runs");
    wait_for_lock("AccessExclusiveLock");
    breaking_ = std::thread([this, act] {
      wait_for_lock("AccessShareLock");
      act();
      let_go();
    });
  }

  /// Holds pg_restore in a database that was just made, does `act` then, and lets go.
  void while_restoring(const std::string& database, const std::function<void()>& act) {
    hold(database, "pg_class");
    wait_until([&] {
      return ask("select count(*) from pg_locks where relation = 'pg_class'::regclass and granted and mode = 'AccessExclusiveLock'") != "0";
    });
    breaking_ = std::thread([this, act] {
      wait_until([this] { return clients().find("pg_restore") != std::string::npos; });
      act();
      let_go();
    });
  }

  void let_go() const {
    try {
      ask("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder'");
    } catch (const std::exception&) {
      // the server is gone, and the lock with it
    }
  }

 private:
  void hold(const std::string& database, const std::string& table) const {
    output_of("docker exec -d -e PGAPPNAME=holder " + container("postgres") + " psql -q -U appstrate -d " + database +
              " -c 'begin; lock table " + table + " in access exclusive mode; select pg_sleep(600)'");
  }
  /// Or for a minute: what it is waited for is proved by what comes of it.
  static void wait_until(const std::function<bool()>& is_so) {
    for (int tries = 0; tries < 600 && !is_so(); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  void wait_for_lock(const std::string& lock) const {
    wait_until([&] {
      return ask("select count(*) from pg_locks where relation = 'runs'::regclass and not granted and mode = '" + lock + "'") != "0";
    });
  }
  void joined() {
    if (breaking_.joinable()) breaking_.join();
  }

  std::thread breaking_;
};

}  // namespace playbook::testing
