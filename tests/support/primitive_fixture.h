// Calls one primitive as the engine would, without an engine: checked arguments, prepare, run, and then undo, probe or drift with its
// record. `instance` is a fresh folder. Set `environment.children` where a primitive starts processes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

class PrimitiveFixture {
 public:
  PrimitiveFixture();

  Registry registry;  ///< with everything that register_all knows
  TempFolder instance_folder, run_folder, state_folder;
  std::filesystem::path instance = instance_folder.path();
  Redactor redactor;
  SecretStore secrets{redactor};
  CancelToken cancel;
  Clock clock;
  RunEnvironment environment;
  std::vector<std::pair<LogLevel, std::string>> logged;

  /// Arguments checked, prepare and run; the record of it all is kept in `record`.
  Json call(const std::string& name, const Json& args = Json::object());
  /// Prepare alone: what the journal holds when the process dies before or inside run.
  const Record& begin(const std::string& name, const Json& args = Json::object());

  /// With the last record.
  void undo();
  Probe probe();
  std::optional<std::string> drift();
  /// Without a record.
  Planned plan(const std::string& name, const Json& args = Json::object());

  Record record;

 private:
  Context context();

  int actions_ = 0;
};

/// The error that `work` throws; fails the test when it throws none.
template <typename Work>
Error error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return error;
  }
  throw std::logic_error("expected an error, and there was none");
}

}  // namespace playbook::testing
