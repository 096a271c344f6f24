// The run that a command without one means.
#pragma once

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// `run`: an id or a unique part of it; empty: the unfinished one, else the newest. Throws `name.unknown`.
RunRow chosen_run(const Runtime& runtime, const std::filesystem::path& instance, const std::string& run);

}  // namespace playbook::cli
