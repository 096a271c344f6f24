// A secret is a name, never a value (law 6). A reference is plain data and may cross into Lua and the journal; only the host opens it,
// inside a primitive, and tells the redactor before the value is used. Shapes: {type="secret", source="env", name="PGPASSWORD"} |
// {source="file", path="/etc/key"} | {source="dotenv", path="/srv/app/.env", name="KEY"}
#pragma once

#include <functional>
#include <map>
#include <string>

#include "runtime/base/json.h"
#include "runtime/base/redact.h"

namespace playbook {

bool is_secret(const Json& value);
/// What people see in place of the value: `secret env PGPASSWORD`.
std::string secret_label(const Json& reference);

Json secret_from_env(const std::string& name);
Json secret_from_file(const std::string& path);
Json secret_from_dotenv(const std::string& path, const std::string& name);

class SecretStore {
 public:
  using Opener = std::function<std::string(const Json& reference)>;

  /// `env` and `file` are known from the start; other layers add theirs (`dotenv` comes from runtime/pin).
  explicit SecretStore(Redactor& redactor);
  void add_source(const std::string& source, Opener open);
  /// The value, already known to the redactor. A file loses one final newline. Throws `secret.missing`.
  std::string open(const Json& reference);
  /// A string as it is, a secret reference opened.
  std::string open_or_plain(const Json& value);

 private:
  Redactor& redactor_;
  std::map<std::string, Opener> sources_;
};

}  // namespace playbook
