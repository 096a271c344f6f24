// The runtime for embedders, and for the `playbook` command, which uses nothing else. A Runtime keeps no global state, installs no signal
// handlers, never exits and never prints: everything it has to say goes to the Observer. Several live side by side in one process.
//
//   playbook::Runtime runtime{{.library = {"/usr/share/playbook"}}};
//   runtime.add(std::make_unique<MyPrimitive>());                        // before the first run
//   MyObserver observer;
//   auto result = runtime.run({.playbook = "demo/upgrade", .instance = "/srv/shop", .params = {{"to", "1.1"}}}, observer);
//   return result.exit;
//
// run, resume and rollback block their thread; `Control` is for the other threads and for signal handlers.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bindings/lua/program.h"
#include "runtime/base/clock.h"
#include "runtime/base/faults.h"
#include "runtime/base/text.h"
#include "runtime/base/version.h"
#include "runtime/engine/decisions.h"
#include "runtime/engine/events.h"
#include "runtime/engine/primitive.h"
#include "runtime/engine/result.h"
#include "runtime/journal/journal.h"

namespace playbook {

struct RuntimeOptions {
  std::vector<std::filesystem::path> library;  ///< folders that hold stdlib/ and playbooks/
  std::filesystem::path guardian;              ///< playbook-guardian; empty: beside the executable or in libexec
  std::filesystem::path state;                 ///< state folder; empty: DIR/.playbook (or /var/lib/playbook/<id>, see state_folder.h)
  std::shared_ptr<Clock> clock;                ///< default: the real one
  Faults* faults = nullptr;                    ///< crash instants, for tests
  size_t script_memory = 128u << 20;           ///< bytes
};

struct RunRequest {
  std::string playbook;            ///< shipped name (`demo/upgrade`) or path of a .lua file
  std::filesystem::path instance;  ///< -C DIR
  Json params = Json::object();
  Decisions decisions;
};

/// The answer of the operator to what the run could not know (settle).
enum class Settlement {
  action_done,      ///< the action in doubt took effect
  action_not_done,  ///< it did not
  new_state,        ///< close the run: the instance is in the new state, by the operator's word
  old_state,        ///< close the run: the instance is in the old state, by the operator's word
};

struct PlaybookInfo {
  std::string name;  ///< demo/upgrade
  std::string file;
  std::string summary;  ///< empty where it does not load; then `error`
  std::string error;
};

class Runtime {
 public:
  explicit Runtime(RuntimeOptions options);
  ~Runtime();

  void add(std::unique_ptr<Primitive> primitive);
  const Registry& primitives() const;

  std::vector<PlaybookInfo> playbooks() const;
  /// Name, summary and parameters of a playbook, without running it.
  Definition define(const std::string& playbook, const std::filesystem::path& instance) const;

  RunResult run(const RunRequest& request, Observer& observer);
  /// Walks the playbook without changing anything: events action.planned, gate; ends where the rest depends on the real run.
  RunResult plan(const RunRequest& request, Observer& observer);
  /// Gates only: exit 0 or 3.
  RunResult check(const RunRequest& request, Observer& observer);
  /// A playbook that only reads, such as backup/list: no run is made, and none is in its way. What it returns is the value of the result.
  RunResult read(const RunRequest& request, Observer& observer);
  /// A Lua expression or chunk; reads only.
  RunResult evaluate(const std::string& code, const std::filesystem::path& instance, Observer& observer);
  /// What is there: asks every family's `inspect`; value is null where none knows the folder.
  RunResult inspect(const std::filesystem::path& instance);

  /// `run`: an id or a unique part of it; empty: the unfinished one, for rollback else the newest.
  RunResult resume(const std::filesystem::path& instance, const std::string& run, const Decisions& decisions, Observer& observer);
  RunResult rollback(const std::filesystem::path& instance, const std::string& run, const Decisions& decisions, Observer& observer);
  RunResult settle(const std::filesystem::path& instance, const std::string& run, Settlement settlement, const std::string& reason,
                   Observer& observer);

  /// Read-only views of the journal; they work while another process runs. Empty where there is no state folder.
  std::vector<RunRow> history(const std::filesystem::path& instance) const;
  std::optional<RunRow> find_run(const std::filesystem::path& instance, const std::string& run) const;
  std::vector<ActionRow> actions(const std::filesystem::path& instance, const std::string& run) const;
  /// Folder of a run: events.jsonl, evidence/, run.log.
  std::filesystem::path run_folder(const std::filesystem::path& instance, const std::string& run) const;
  /// True while a process holds the instance's lock.
  bool is_held(const std::filesystem::path& instance) const;

  Control& control();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

const char* tool_version();

}  // namespace playbook
