// How a run ended, as people read it: the last screen. Made from what the runtime returned, from the run.finished event that `attach` saw,
// or from the journal's row that `status` and `show` read.
#pragma once

#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {

struct Ending {
  ExitCode exit = kReached;
  std::string state;  ///< as to_string(RunState); empty where no run was made
  std::string summary;
  Json error;  ///< null, or as Error::to_json
  Json report = Json::object();
  std::vector<std::string> next;

  /// Whether there is more to say than the error.
  bool has_screen() const { return !summary.empty() && summary != get_or<std::string>(error, "message", ""); }
  static Ending of(const RunResult& result);
  static Ending of_event(const Json& run_finished);
  static Ending of_row(const RunRow& row);
};

/// `why`, `now`, `lost`, ... and their texts, without those that say nothing.
std::vector<std::pair<std::string, std::string>> facts_of(const Ending& ending);

/// A block of lines for a terminal: headline, then one line for each fact.
std::string ending_block(const Ending& ending, const Paint& paint);
/// `ROLLED BACK demo/upgrade 1.1 -> 1.0 | why: ... | now: ... | next: ...`
std::string ending_line(const Ending& ending);

/// What a failed command says on standard error: message, where, hint, what was changed, what to do next.
std::string error_block(const Json& error, const std::string& changed, const std::vector<std::string>& next, const Paint& paint);
/// What was changed, in words; "" where the state says nothing of it.
std::string changed_text(const Ending& ending);
/// The exit code of an error that left a command which had not begun a run, or only reads.
ExitCode exit_of(const Error& error);

}  // namespace playbook::cli
