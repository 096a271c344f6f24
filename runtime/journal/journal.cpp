#include "runtime/journal/journal.h"

#include <array>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr std::array<std::string_view, 8> kStates{"running", "suspended",   "undoing", "attention",
                                                  "done",    "rolled_back", "refused", "settled"};
constexpr std::array<std::string_view, 4> kOutcomes{"none", "ok", "error", "cancelled"};
constexpr std::array<std::string_view, 4> kPhases{"forward", "undo", "back", "mark"};

}  // namespace

std::string_view to_string(RunState state) { return kStates[static_cast<size_t>(state)]; }
std::string_view to_string(Outcome outcome) { return kOutcomes[static_cast<size_t>(outcome)]; }
std::string_view to_string(Phase phase) { return kPhases[static_cast<size_t>(phase)]; }

RunState run_state_from(std::string_view name) {
  for (size_t i = 0; i < kStates.size(); ++i)
    if (kStates[i] == name) return static_cast<RunState>(i);
  throw Error(Code::journal_corrupt, "the journal has a run in the unknown state \"" + std::string(name) + "\"");
}

bool is_finished(RunState state) { return state >= RunState::done; }

std::string down_since(const std::vector<ActionRow>& rows) {
  std::string since;
  for (const ActionRow& row : rows) {
    if (row.phase != Phase::forward || row.outcome != Outcome::ok) continue;
    if (row.name == "downtime_begin") since = get_or<std::string>(row.result, "time", "");
    if (row.name == "downtime_end") since.clear();
  }
  return since;
}

}  // namespace playbook
