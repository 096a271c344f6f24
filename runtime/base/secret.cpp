#include "runtime/base/secret.h"

#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace playbook {
namespace {

std::string open_env(const Json& reference) {
  std::string name = get_or<std::string>(reference, "name", "");
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (!value)
    throw Error(Code::secret_missing, "the environment variable " + name + " is not set",
                "set " + name + " in the environment of this command, then run it again");
  return value;
}

std::string open_file(const Json& reference) {
  std::string path = get_or<std::string>(reference, "path", "");
  std::optional<std::string> content = try_read_file(path);
  if (!content)
    throw Error(Code::secret_missing, "the secret file " + path + " does not exist", "create it with mode 0600, then run this again");
  if (content->ends_with('\n')) content->pop_back();
  if (content->ends_with('\r')) content->pop_back();
  return *std::move(content);
}

}  // namespace

bool is_secret(const Json& value) {
  return value.is_object() && get_or<Json>(value, "type", nullptr) == "secret" && value.contains("source");
}

std::string secret_label(const Json& reference) {
  std::string label = "secret";
  for (const char* key : {"source", "path", "name"})
    if (auto found = reference.find(key); found != reference.end() && found->is_string()) label += " " + found->get<std::string>();
  return label;
}

Json secret_from_env(const std::string& name) { return {{"type", "secret"}, {"source", "env"}, {"name", name}}; }

Json secret_from_file(const std::string& path) { return {{"type", "secret"}, {"source", "file"}, {"path", path}}; }

Json secret_from_dotenv(const std::string& path, const std::string& name) {
  return {{"type", "secret"}, {"source", "dotenv"}, {"path", path}, {"name", name}};
}

SecretStore::SecretStore(Redactor& redactor) : redactor_(redactor) {
  add_source("env", open_env);
  add_source("file", open_file);
}

void SecretStore::add_source(const std::string& source, Opener open) { sources_[source] = std::move(open); }

std::string SecretStore::open(const Json& reference) {
  if (!is_secret(reference))
    throw Error(Code::argument_invalid, "a value is not a secret reference; expected one from secret.env, secret.file or secret.dotenv");
  auto source = reference["source"].is_string() ? sources_.find(reference["source"].get<std::string>()) : sources_.end();
  if (source == sources_.end()) throw Error(Code::secret_missing, secret_label(reference) + " has a source that this tool does not know");
  std::string value = source->second(reference);
  redactor_.add(get_or<std::string>(reference, "name", secret_label(reference)), value);
  return value;
}

std::string SecretStore::open_or_plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return open(value);
}

}  // namespace playbook
