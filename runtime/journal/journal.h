// The record of runs: who, what, which sources, every action before and after. The engine writes it; status, attach and show read it.
// Durable means: on disk when the call returns. One writer (the process that holds the run lock); any number of readers in other processes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/clock.h"
#include "runtime/base/faults.h"
#include "runtime/base/json.h"

namespace playbook {

/// Where a run stands. Unfinished: running, suspended, undoing, attention.
enum class RunState {
  running,      ///< going forward, or its process died while it did
  suspended,    ///< stopped at a safe point; resume goes on
  undoing,      ///< on the way back, or its process died there
  attention,    ///< neither forward nor back was possible; writers are stopped
  done,         ///< new state reached
  rolled_back,  ///< old state reached and verified
  refused,      ///< nothing was changed
  settled,      ///< closed by the operator's word
};
std::string_view to_string(RunState state);
RunState run_state_from(std::string_view name);
bool is_finished(RunState state);

struct RunRow {
  std::string id;        ///< `20261121T071349Z-4f2a`, sorts by time
  std::string playbook;  ///< name, such as demo/upgrade
  std::string instance;  ///< absolute folder
  RunState state = RunState::running;
  Json params;
  Json options;       ///< accepted risks, overrides with reasons, hold, not_after
  Json verdict;       ///< summary, error, downtime_ms, undo summary; null until it ended or paused
  std::string actor;  ///< user, SUDO_USER, host
  std::string tool_version;
  std::string started;  ///< ISO UTC
  std::string changed;  ///< ISO UTC of the last change of state
};

enum class Outcome { none, ok, error, cancelled };
std::string_view to_string(Outcome outcome);

/// forward: asked for by the playbook. undo: an inverse. back: asked for by a way back or another function run during undo. mark: the
/// engine's own.
enum class Phase { forward, undo, back, mark };
std::string_view to_string(Phase phase);

struct ActionRow {
  std::int64_t id = 0;
  std::string run;
  Phase phase = Phase::forward;
  std::string path;
  std::string name;
  int version = 1;
  std::string args_digest;  ///< of the args as the author passed them, before defaults
  Json args;                ///< as passed
  Json full_args;           ///< with defaults
  Json prepared;
  bool change = false;
  std::string where;
  Outcome outcome = Outcome::none;
  std::int64_t sequence = 0;  ///< given at delivery of the outcome, from 1; 0 while there is none
  Json result;                ///< value, or the error
  bool voided = false;        ///< taken back by a resume that does it anew; kept for the record
  std::string started, finished;
  std::int64_t duration_ms = 0;
};

class Journal {
 public:
  virtual ~Journal() = default;

  /// With its sources, in one commit: a run that exists can be resumed. Sources travel with the run: content by name, stored once per
  /// content.
  virtual void create_run(const RunRow& run, const std::vector<std::pair<std::string, std::string>>& sources) = 0;
  virtual void set_state(const std::string& run, RunState state, const Json& verdict) = 0;
  virtual void set_options(const std::string& run, const Json& options) = 0;
  virtual std::optional<RunRow> run(const std::string& id) const = 0;
  virtual std::vector<RunRow> runs() const = 0;  ///< newest first
  /// The newest that has not ended; its cost does not grow with the history.
  virtual std::optional<RunRow> unfinished_run() const = 0;

  virtual std::optional<std::string> source(const std::string& run, const std::string& name) const = 0;
  virtual std::vector<std::string> source_names(const std::string& run) const = 0;

  /// Durable before it returns. Gives the row's id.
  virtual std::int64_t begin(const ActionRow& action) = 0;
  /// Durable before it returns. Gives the sequence number. `result` is the value or the error.
  virtual std::int64_t finish(std::int64_t action, Outcome outcome, const Json& result, std::int64_t duration_ms) = 0;
  /// Begin and finish in one commit: for reads, whose effect is nothing.
  virtual std::int64_t record(const ActionRow& action) = 0;
  /// All rows of a run in the order of their outcomes; those without one last. Voided rows are left out.
  virtual std::vector<ActionRow> actions(const std::string& run) const = 0;
  virtual std::vector<ActionRow> all_actions(const std::string& run) const = 0;  ///< with voided ones
  /// Takes rows out of the replay, for good: those of the forward phase and marks with this sequence or later, or without an outcome.
  virtual void void_from(const std::string& run, std::int64_t sequence) = 0;
  virtual void void_action(std::int64_t action) = 0;
  /// True after the ballast was given up: a run must not go forward any more, only record how it ends.
  virtual bool is_disk_full() const = 0;
};

struct JournalOptions {
  bool read_only = false;
  bool needs_ballast = true;  ///< a writer that goes forward refuses to start on a disk too full for the ballast
  Faults* faults = nullptr;   ///< instants journal.<what>.before and .after around every durable write
  const Clock* clock = nullptr;
};

/// SQLite (WAL, synchronous=FULL) in `folder`/journal.db with an 8 MiB ballast file beside it, which is given up to record a failure on a
/// full disk.
/// `:memory:` as folder: nothing on disk, for plan, check and eval. Throws journal.newer, journal.corrupt, journal.readonly, disk.full.
std::unique_ptr<Journal> open_journal(const std::filesystem::path& folder, const JournalOptions& options);

/// When the downtime of these rows began that has not ended, ISO UTC; "" where there is none.
std::string down_since(const std::vector<ActionRow>& rows);

}  // namespace playbook
