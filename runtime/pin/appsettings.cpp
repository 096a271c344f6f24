#include "runtime/pin/appsettings.h"

#include <strings.h>

#include <cstring>
#include <regex>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kDeepestGroup = 64;

// Blanks comments, and commas behind which an object or a list ends.
std::string strict(std::string text) {
  size_t comma = std::string::npos;
  char before = '{';  // the last byte that counts
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i)
        if (text[i] == '\\') ++i;
      comma = std::string::npos, before = '"';
    } else if (text.compare(i, 2, "//") == 0) {
      for (; i < text.size() && text[i] != '\n'; ++i) text[i] = ' ';
    } else if (text.compare(i, 2, "/*") == 0) {
      const size_t end = text.find("*/", i + 2);
      if (end == std::string::npos) return text;  // the parser refuses it
      for (; i < end + 2; ++i)
        if (text[i] != '\n') text[i] = ' ';
      --i;
    } else if (text[i] == ',') {
      comma = std::strchr("{[,:", before) ? std::string::npos : i;
      before = ',';
    } else if (text[i] == '}' || text[i] == ']') {
      if (comma != std::string::npos) text[comma] = ' ';
      comma = std::string::npos, before = text[i];
    } else if (!std::isspace(static_cast<unsigned char>(text[i]))) {
      comma = std::string::npos, before = text[i];
    }
  }
  return text;
}

const Json* member(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  for (const auto& [key, value] : object.items())
    if (::strcasecmp(key.c_str(), name.c_str()) == 0) return &value;
  return nullptr;
}

// A key may stand nested, or flat with colons in its name.
const Json* find(const Json& object, const std::string& key, size_t depth = 0) {
  if (const Json* whole = member(object, key)) return whole;
  for (size_t colon = key.find(':'); colon != std::string::npos && depth < kDeepestGroup; colon = key.find(':', colon + 1))
    if (const Json* group = member(object, key.substr(0, colon)))
      if (const Json* found = find(*group, key.substr(colon + 1), depth + 1)) return found;
  return nullptr;
}

const std::regex& password_pattern() {
  static const std::regex kPassword(R"re(((?:^|;)\s*(?:password|pwd)\s*=\s*)("[^"]*"|'[^']*'|[^;]*))re", std::regex::icase);
  return kPassword;
}

// `A:B` is `A__B` in the environment.
std::string variable_of(std::string key) {
  for (size_t at = 0; (at = key.find(':', at)) != std::string::npos; at += 2) key.replace(at, 1, "__");
  return key;
}

}  // namespace

Json parse_relaxed_json(const std::string& text, const std::string& what) { return parse_json(strict(text), what); }

Appsettings::Appsettings(const std::filesystem::path& folder, const std::string& environment,
                         const std::vector<std::filesystem::path>& over)
    : variables_(service_variables(over)) {
  std::vector<std::string> names{"appsettings.json"};
  if (!environment.empty()) names.insert(names.begin(), "appsettings." + environment + ".json");
  for (const std::string& name : names)
    if (std::optional<std::string> text = try_read_file(folder / name))
      files_.push_back({folder / name, parse_relaxed_json(*text, (folder / name).string())});
}

std::optional<Appsetting> Appsettings::get(const std::string& key) const {
  for (const auto& [name, value] : variables_)
    if (::strcasecmp(variable_of(key).c_str(), name.c_str()) == 0) return Appsetting{value, {}};
  for (const File& file : files_) {
    const Json* found = find(file.content, key);
    if (!found || found->is_object() || found->is_array() || found->is_null()) continue;
    return Appsetting{found->is_string() ? found->get<std::string>() : found->dump(), file.path};
  }
  return std::nullopt;
}

std::string without_password(const std::string& connection) { return std::regex_replace(connection, password_pattern(), "$1***"); }

std::optional<std::string> password_in(const std::string& connection) {
  std::smatch found;
  if (!std::regex_search(connection, found, password_pattern())) return std::nullopt;
  std::string value = found[2];
  if (value.starts_with('"') || value.starts_with('\'')) return value.substr(1, value.size() - 2);
  return std::string(trim(value));
}

Json secret_from_appsettings(const std::string& folder, const std::string& key, const std::string& environment,
                             const std::vector<std::string>& over, const std::string& part) {
  Json reference{{"type", "secret"}, {"source", "appsettings"}, {"path", folder}, {"name", key}, {"environment", environment}};
  if (!over.empty()) reference["over"] = over;
  if (!part.empty()) reference["part"] = part;
  return reference;
}

void add_appsettings_source(SecretStore& store) {
  store.add_source("appsettings", [](const Json& reference) {
    const std::string folder = get_or<std::string>(reference, "path", ""), key = get_or<std::string>(reference, "name", "");
    std::vector<std::filesystem::path> over;
    for (const Json files = get_or<Json>(reference, "over", Json::array()); const Json& file : files)
      over.emplace_back(file.get<std::string>());
    std::optional<Appsetting> found = Appsettings(folder, get_or<std::string>(reference, "environment", ""), over).get(key);
    if (!found) throw Error(Code::secret_missing, "no appsettings file in " + folder + " sets " + key, "set it there, then run this again");
    if (get_or<std::string>(reference, "part", "").empty()) return std::move(found->value);
    if (std::optional<std::string> password = password_in(found->value)) return std::move(*password);
    throw Error(Code::secret_missing, key + " holds no password", "a login of SQL Server needs one");
  });
}

}  // namespace playbook
