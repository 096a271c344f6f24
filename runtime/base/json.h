// The plain values that cross every boundary (Lua, journal, events): null, bool, number, string, list, map.
// Canonical form: keys sorted, no spaces, UTF-8 (invalid bytes become U+FFFD). Free functions, safe from any thread.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace playbook {

using Json = nlohmann::json;

/// The one text that equal values share; what digests and the journal are made of.
std::string canonical(const Json& value);

/// Hex SHA-256 of `canonical(value)`.
std::string digest(const Json& value);

/// Parses text that this program or an operator wrote; `what` names it in the error (`json.invalid`).
Json parse_json(std::string_view text, std::string_view what);

/// `value[key]`, or `fallback` when it is not there or null.
template <typename T>
T get_or(const Json& value, const char* key, T fallback) {
  auto found = value.is_object() ? value.find(key) : value.end();
  return found == value.end() || found->is_null() ? std::move(fallback) : found->template get<T>();
}

}  // namespace playbook
