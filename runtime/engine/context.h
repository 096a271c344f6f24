// What the engine lends to a primitive while it works: the instance, cancellation, progress, log, secrets, children, crash instants.
// One per action; used by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "runtime/base/cancel.h"
#include "runtime/base/clock.h"
#include "runtime/base/faults.h"
#include "runtime/base/json.h"
#include "runtime/base/secret.h"

namespace playbook {

class Children;  // runtime/process/children.h
class Findings;  // runtime/base/findings.h

enum class LogLevel { debug, info, warning };

/// What stays the same for all actions of a run.
struct RunEnvironment {
  std::filesystem::path instance;      ///< -C DIR, absolute
  std::filesystem::path run_folder;    ///< 0700, exists; preimages, evidence, scratch. In a plan or check: a temporary folder.
  std::filesystem::path state_folder;  ///< never part of a backup
  std::string where;                   ///< for a shell, as options of the command: `-C /srv/shop --state /srv/state`
  std::string run_id;
  std::string actor;  ///< who runs it: "user (sudo by X) on host"
  SecretStore* secrets = nullptr;
  Redactor* redactor = nullptr;
  Children* children = nullptr;  ///< starts processes under the run's guardian
  Clock* clock = nullptr;
  CancelToken* cancel = nullptr;
  Faults* faults = nullptr;
  Findings* findings = nullptr;  ///< null: nothing is remembered
};

class Context {
 public:
  using Progress = std::function<void(std::uint64_t done, std::optional<std::uint64_t> total, const std::string& unit)>;
  using Log = std::function<void(LogLevel, const std::string& line)>;

  Context(const RunEnvironment& environment, std::string action_id, Progress progress, Log log)
      : environment_(environment), action_id_(std::move(action_id)), progress_(std::move(progress)), log_(std::move(log)) {}

  const RunEnvironment& environment() const { return environment_; }
  const std::filesystem::path& instance() const { return environment_.instance; }
  /// Names this action in everything that it starts outside (label, environment, application_name): `<run>/<action>`.
  const std::string& action_id() const { return action_id_; }
  CancelToken& cancel() const { return *environment_.cancel; }
  Clock& clock() const { return *environment_.clock; }
  Children& children() const { return *environment_.children; }
  Redactor& redactor() const { return *environment_.redactor; }
  Faults* faults() const { return environment_.faults; }
  void reach(std::string_view instant) const { playbook::reach(environment_.faults, instant); }

  /// 0700 folder of this action for what undo needs; made when first asked for.
  std::filesystem::path keep_folder() const;
  /// A path of an argument: relative ones are below the instance.
  std::filesystem::path resolve(const std::string& path) const;
  std::string open_secret(const Json& value) const { return environment_.secrets->open_or_plain(value); }

  /// At most a few times a second; `unit` is "bytes", "rows", "attempts".
  void progress(std::uint64_t done, std::optional<std::uint64_t> total = std::nullopt, const std::string& unit = "bytes") const {
    if (progress_) progress_(done, total, unit);
  }
  void log(LogLevel level, const std::string& line) const {
    if (log_) log_(level, line);
  }

 private:
  const RunEnvironment& environment_;
  std::string action_id_;
  Progress progress_;
  Log log_;
};

}  // namespace playbook
