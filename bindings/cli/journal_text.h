// The journal for people: history as a table, one run in full. Pure functions of rows, so that they are tested without a run.
#pragma once

#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {

Json to_json(const RunRow& run);
Json to_json(const ActionRow& action);

/// `demo/upgrade to=1.1`
std::string title_of_run(const RunRow& run);
/// What can be done with a run now: commands. `held`: a process holds the instance.
std::vector<std::string> next_commands(const RunRow& run, bool held);
/// `suspended`, `running now`, `running, but its process died`
std::string state_text(const RunRow& run, bool held);

std::string history_table(const std::vector<RunRow>& runs);
/// The head of a run: title, state, who, when, what was allowed, how it ended, what to do next.
/// `folder`: of the run; left out when empty.
std::string run_head(const RunRow& run, bool held, const Paint& paint, const std::string& folder = "");
/// Steps as a tree with their actions, gates, questions and durations; then the way back, if it was gone.
std::string run_tree(const std::vector<ActionRow>& actions, const Registry& primitives, const Terminal& terminal);

}  // namespace playbook::cli
