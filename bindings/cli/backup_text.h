// Backup sets for people. Pure functions of what the primitives gave.
#pragma once

#include <string>

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// One line for each set: name, when, size, what is proven of it, which run needs it; the reason where one cannot be used.
std::string set_list_text(const Json& sets);
/// What `backup verify` found to be good.
std::string verified_set_text(const Json& set);

}  // namespace playbook::cli
