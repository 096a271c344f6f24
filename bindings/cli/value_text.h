// Plain values for people: what `inspect` and `eval` print.
#pragma once

#include <string>

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// Maps as aligned `key  value` lines, lists as lines, what is within them indented. Ends with a newline.
std::string value_text(const Json& value);

}  // namespace playbook::cli
