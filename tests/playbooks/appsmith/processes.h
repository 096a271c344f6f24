// The stand-in Appsmith as plain processes behind a stand-in `docker` command, for tests that need no engine: hundreds of runs, and each
// trouble of the vendor's page by itself.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "tests/support/command.h"
#include "tests/support/matrix/crash_matrix.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing::appsmith {

/// What the stand-in makes of an empty folder: documents by collection.
inline const Json kRows{{"workspace", 1}, {"application", 2}, {"newPage", 3}, {"newAction", 4}, {"datasource", 5}};

/// Sets PATH and STAND_IN_DOCKER of this process. 2.1.9 is a release whose migration fails.
class Processes {
 public:
  /// `release` runs, on data that it made itself, in a folder of its own.
  explicit Processes(const std::string& release, const std::string& edition = "ce");
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  std::filesystem::path folder() const { return folder_.path(); }
  Finished run(const std::vector<std::string>& arguments) const;

  Json database() const;
  void set_database(const Json& data) const;
  std::string settings() const;
  void set_settings(const std::string& text) const;
  std::string compose_text() const;
  /// Reference and state of its container.
  std::string container() const;
  /// Changes the tag in the compose file and nothing else, and starts it: what the vendor's page warns of.
  void run_by_tag_alone(const std::string& release) const;
  /// The container answers, or has said `line` where one is given.
  void wait(const std::string& line = "") const;
  std::string compose(const std::string& arguments) const;
  /// Runs a program inside of its container.
  std::string inside(const std::string& command) const;

 private:
  TempFolder folder_;
};

/// Lays out an instance of `release` in this folder, and runs it; `stop` takes it down.
void lay_out(const std::filesystem::path& instance, const std::string& release, const std::string& edition = "ce");
void stop(const std::filesystem::path& instance);

// For the crash matrix.
Scenario upgrade_scenario(const std::string& from, const std::string& to);
Scenario rescue_scenario();
Scenario restore_scenario();
Scenario switch_scenario();

}  // namespace playbook::testing::appsmith
