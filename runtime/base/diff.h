// Unified text differences for plans and for errors that show what a playbook asked for and what it had asked for before.
#pragma once

#include <string>
#include <string_view>

namespace playbook {

/// Unified diff with `context` lines around each change, without file headers. "" when equal. Shortest edit script (Myers 1986).
std::string unified_diff(std::string_view before, std::string_view after, int context = 2);

}  // namespace playbook
