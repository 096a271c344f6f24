// The value side of a `.env` line: what Compose makes of the bytes between the quotes, and which bytes make Compose give a value.
// Only runtime/pin/dotenv.cpp uses it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/pin/dotenv.h"

namespace playbook {

struct DotenvLookup {
  std::function<std::optional<std::string>(const std::string& name)> value;
  bool required = true;  ///< whether `${NAME:?}` of a missing name is an error
};

/// What `raw` (with its quotes) stands for. Throws `dotenv.invalid` without a place.
std::string dotenv_value(std::string_view raw, Dotenv::Style style, const DotenvLookup& lookup);

/// Whether the value depends on other names.
bool dotenv_interpolates(std::string_view raw, Dotenv::Style style);

/// Bytes that stand for `value` in this style, or nothing when the style cannot hold it.
std::optional<std::string> dotenv_raw(std::string_view value, Dotenv::Style style);

}  // namespace playbook
