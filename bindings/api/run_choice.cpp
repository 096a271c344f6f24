#include "bindings/api/run_choice.h"

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

}  // namespace playbook
