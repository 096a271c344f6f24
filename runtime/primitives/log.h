// How a value looks in the log.
#pragma once

#include <string>

#include "runtime/base/json.h"

namespace playbook {

/// A string as it is, a secret reference by its name, anything else as JSON.
std::string log_line(const Json& message);

}  // namespace playbook
