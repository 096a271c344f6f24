#include "bindings/api/run_choice.h"

#include <filesystem>

#include "runtime/base/error.h"

namespace playbook {

std::optional<RunRow> choose_run(const Journal& journal, const std::string& wanted) {
  if (wanted.empty())
    if (std::optional<RunRow> unfinished = journal.unfinished_run()) return unfinished;
  std::vector<RunRow> runs = journal.runs();
  if (wanted.empty()) return runs.empty() ? std::nullopt : std::optional(runs.front());
  std::optional<RunRow> match;
  for (const RunRow& run : runs) {
    if (run.id == wanted) return run;
    if (run.id.find(wanted) == std::string::npos) continue;
    if (match)
      throw Error(Code::name_unknown, "more than one run is called \"" + wanted + "\"",
                  "give more of its id; `playbook history` lists them");
    match = run;
  }
  return match;
}

RunRow demand_run(const Journal& journal, const std::string& wanted) {
  std::optional<RunRow> run = choose_run(journal, wanted);
  if (run) return *run;
  throw Error(Code::name_unknown, wanted.empty() ? "there is no run here" : "there is no run \"" + wanted + "\" here",
              "`playbook history` lists the runs");
}

void refuse_unfinished(const Journal& journal) {
  std::optional<RunRow> run = journal.unfinished_run();
  if (run)
    throw Error(Code::run_unfinished, "run " + run->id + " (" + run->playbook + ") is not finished: " + std::string(to_string(run->state)),
                "`playbook resume`, `playbook rollback` or `playbook settle` first", {{"run", run->id}});
}

void expect_known_runs(const Journal& journal, const StateFolder& folder) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path() / "runs", ignored)) {
    const std::string id = entry.path().filename().string();
    std::error_code none;
    // A folder without events is of a start that a crash cut short before it was written down.
    if (std::filesystem::file_size(entry.path() / "events.jsonl", none) == 0 || none || journal.run(id)) continue;
    throw Error(Code::journal_corrupt,
                "the journal in " + folder.path().string() + " does not know run " + id + ", whose folder lies beside it",
                "it was lost or replaced: look what state the application is in; " + (folder.path() / "backups").string() +
                    " may hold a backup, whose RESTORE.md says how to bring it back; move the state folder away to begin anew");
  }
}

}  // namespace playbook
