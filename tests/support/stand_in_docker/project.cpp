#include "tests/support/stand_in_docker/project.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>

namespace stand_in {
namespace {

namespace fs = std::filesystem;
using Lookup = std::function<const std::string*(const std::string&)>;

std::map<std::string, std::string> read_env(const fs::path& file) {
  std::map<std::string, std::string> values;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    size_t equals = line.find('=');
    if (line.starts_with('#') || equals == std::string::npos) continue;
    std::string value = line.substr(equals + 1);
    if (value.size() > 1 && (value[0] == '\'' || value[0] == '"') && value.back() == value[0]) value = value.substr(1, value.size() - 2);
    values[line.substr(0, equals)] = value;
  }
  for (auto& [name, value] : values)
    if (const char* own = std::getenv(name.c_str())) value = own;
  return values;
}

std::string interpolated(const std::string& text, const std::map<std::string, std::string>& values) {
  std::string result;
  for (size_t at = 0;;) {
    size_t open = text.find("${", at), close = text.find('}', open);
    if (open == std::string::npos || close == std::string::npos) return result + text.substr(at);
    std::string inner = text.substr(open + 2, close - open - 2), fallback;
    size_t colon = inner.find(':');
    std::string name = inner.substr(0, colon);
    auto found = values.find(name);
    bool set = found != values.end() && !found->second.empty();
    if (!set && colon != std::string::npos && inner[colon + 1] == '?')
      throw Failure{15, "required variable " + name + " is missing a value: " + inner.substr(colon + 2)};
    if (!set && colon != std::string::npos) fallback = inner.substr(colon + 2);
    result += text.substr(at, open - at) + (set ? found->second : fallback);
    at = close + 1;
  }
}

void interpolate(Json& value, const std::map<std::string, std::string>& values) {
  if (value.is_string()) value = interpolated(value.get<std::string>(), values);
  if (value.is_structured())
    for (Json& item : value) interpolate(item, values);
}

Json read_file(const fs::path& file) {
  std::ifstream stream(file);
  if (!stream) throw Failure{14, "open " + file.string() + ": no such file or directory"};
  Json value = Json::parse(stream, nullptr, false);
  if (!value.is_object()) throw Failure{15, "yaml: " + file.string() + " is no mapping"};
  return value;
}

}  // namespace

std::vector<std::string> Project::in_order(const std::vector<std::string>& names) const {
  std::vector<std::string> order;
  std::function<void(const std::string&)> add = [&](const std::string& service) {
    if (!services().contains(service)) throw Failure{1, "no such service: " + service};
    if (std::find(order.begin(), order.end(), service) != order.end()) return;
    const Json depends = services()[service].value("depends_on", Json::object());
    for (const auto& [other, how] : depends.items()) add(other);
    order.push_back(service);
  };
  for (const std::string& service : names) add(service);
  if (names.empty())
    for (const auto& [service, description] : services().items()) add(service);
  return order;
}

Project read_project(const fs::path& folder, std::vector<fs::path> files, const fs::path& env_file, std::string name, bool with_values) {
  Project project{.name = "", .folder = folder, .files = files, .config = Json::object()};
  if (project.files.empty()) {
    for (const char* known : {"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"})
      if (project.files.empty() && fs::exists(folder / known)) project.files.push_back(folder / known);
    if (project.files.empty()) throw Failure{14, "no configuration file provided: not found"};
  }
  auto values = read_env(env_file.empty() ? folder / ".env" : env_file);
  for (fs::path& file : project.files) {
    file = fs::absolute(folder / file);
    Json part = read_file(file);
    if (with_values) interpolate(part, values);
    project.config.merge_patch(part);
  }
  project.name = !name.empty() ? name : project.config.value("name", folder.filename().string());
  project.config["name"] = project.name;
  return project;
}

}  // namespace stand_in
