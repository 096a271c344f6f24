#include "runtime/base/secret_sources.h"

#include "runtime/base/error.h"
#include "runtime/base/file.h"

namespace playbook {
namespace {

std::string open_json(const Json& reference) {
  std::string path = get_or<std::string>(reference, "path", ""), name = get_or<std::string>(reference, "name", "");
  std::optional<std::string> content = try_read_file(path);
  if (!content) throw Error(Code::secret_missing, path + " does not exist", "create it, then run this again");
  const Json value = get_or<Json>(Json::parse(*content, nullptr, false), name.c_str(), nullptr);
  if (!value.is_string()) throw Error(Code::secret_missing, path + " has no text " + name, "set " + name + " there, then run this again");
  return value;
}

std::string open_first(SecretStore& store, const Json& reference) {
  std::string missing;
  for (const Json& one : get_or<std::vector<Json>>(reference, "of", {})) {
    try {
      if (std::string value = store.open(one); !value.empty()) return value;
    } catch (const Error& error) {
      if (error.code() != Code::secret_missing) throw;
      missing += (missing.empty() ? "" : "; ") + error.message();
    }
  }
  throw Error(Code::secret_missing, missing.empty() ? "none of the secrets that may be meant is set" : missing);
}

}  // namespace

Json secret_from_json(const std::string& path, const std::string& name) {
  return {{"type", "secret"}, {"source", "json"}, {"path", path}, {"name", name}};
}

Json first_secret(const Json& references) { return {{"type", "secret"}, {"source", "first"}, {"of", references}}; }

void add_more_sources(SecretStore& store) {
  store.add_source("json", open_json);
  store.add_source("first", [&store](const Json& reference) { return open_first(store, reference); });
}

}  // namespace playbook
