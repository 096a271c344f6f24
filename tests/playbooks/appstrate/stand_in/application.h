// The running stand-in: starts as the release that it stands for would, answers, and stops.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <vector>

#include "tests/playbooks/appstrate/stand_in/migrations.h"
#include "tests/playbooks/appstrate/stand_in/server.h"
#include "tests/playbooks/appstrate/stand_in/settings.h"

namespace stand_in {

class Application {
 public:
  /// Throws PostgresError where the database cannot be had.
  explicit Application(const Settings& settings);

  /// Migrates, answers, and returns once SIGTERM or SIGINT came. They must be blocked in every thread.
  void run();

 private:
  void migrate_under_lock();
  bool stop_was_asked_for(std::chrono::milliseconds patience) const;
  Response answer(const Request& request);
  Response health();
  Response select(const std::string& table, const std::string& encrypted);
  Response add_organization(const std::string& name);

  const Settings settings_;
  const std::vector<Migration> migrations_;
  Database database_;  // of the server's thread once it runs
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::atomic<bool> ready_ = false;
};

}  // namespace stand_in
