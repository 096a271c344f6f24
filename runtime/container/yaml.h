// YAML of a program (Compose v1 writes nothing else) as plain values. Not for files of people: those are read by the place of every byte.
#pragma once

#include <string>
#include <string_view>

#include "runtime/base/json.h"

namespace playbook {

/// Throws json.invalid; `what` names the text.
Json yaml_to_json(std::string_view text, const std::string& what);

}  // namespace playbook
