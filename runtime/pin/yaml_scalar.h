// One scalar of YAML: what its plain text means, and the bytes that stand for a value. Only runtime/pin/yaml.cpp uses it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/pin/yaml.h"

namespace playbook {

/// What a plain scalar says by the core schema of YAML 1.2: null, a boolean, a number, or the text itself. Whole numbers that a double
/// cannot hold stay text.
Json yaml_plain_value(std::string_view text);

/// Bytes that stand for `value` (a string, number or boolean) in this style, or nothing when the style cannot hold it. A string is written
/// plain only where YAML 1.1 and 1.2 both read it as a string.
std::optional<std::string> yaml_raw(const Json& value, Yaml::Style style, bool in_flow);

}  // namespace playbook
