// The second line of defence for secrets: every sink (events, journal, evidence, error text) passes its text through one of these.
// The first line is that secrets are references and never values (runtime/base/secret.h). Safe from any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "runtime/base/json.h"

namespace playbook {

class Redactor {
 public:
  /// From now on `value`, also base64, percent-encoded or JSON-escaped, is replaced by `«name»`. Values under 4 bytes cannot be told from
  /// ordinary text and are left alone.
  void add(std::string_view name, std::string_view value);
  std::string apply(std::string_view text) const;
  std::string apply(const std::string& text) const { return apply(std::string_view(text)); }
  std::string apply(const char* text) const { return apply(std::string_view(text)); }
  /// All strings of the value, keys too.
  Json apply(const Json& value) const;

 private:
  void replace_in(std::string& text) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::string> by_value_;  // form of the value -> replacement; the longest form names what overlaps
};

}  // namespace playbook
