// Which run of an instance is meant.
#pragma once

#include <optional>
#include <string>

#include "runtime/engine/state_folder.h"
#include "runtime/journal/journal.h"

namespace playbook {

/// An id or a unique part of one; where none is given the unfinished run, else the newest. Throws `name.unknown` when it is not unique.
std::optional<RunRow> choose_run(const Journal& journal, const std::string& wanted);
/// Throws `name.unknown` when there is none.
RunRow demand_run(const Journal& journal, const std::string& wanted);
/// Throws `run.unfinished`: a new run is not begun beside one that has not ended.
void refuse_unfinished(const Journal& journal);

/// A journal that was lost or replaced knows nothing of runs whose folders lie beside it. Throws journal.corrupt.
void expect_known_runs(const Journal& journal, const StateFolder& folder);

}  // namespace playbook
