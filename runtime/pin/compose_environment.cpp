#include "runtime/pin/compose_environment.h"

#include <cstdlib>
#include <optional>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/pin/compose_image.h"
#include "runtime/pin/dotenv.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

using Variables = std::map<std::string, std::string>;

std::optional<std::string> exported(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

class ServiceEnvironment {
 public:
  explicit ServiceEnvironment(const fs::path& folder) : folder_(folder) {
    if (const std::optional<std::string> text = try_read_file(folder / ".env")) file_ = Dotenv::parse(*text, (folder / ".env").string());
  }

  void add(const Json& service) {
    if (const Json files = get_or<Json>(service, "env_file", nullptr); files.is_array())
      for (const Json& file : files) add_file(file);
    else if (!files.is_null())
      add_file(files);
    const Json environment = get_or<Json>(service, "environment", nullptr);
    if (environment.is_object())
      for (const auto& [name, value] : environment.items()) set(name, value);
    if (environment.is_array())
      for (const Json& entry : environment) {
        const std::string text = entry.is_string() ? entry.get<std::string>() : entry.dump();
        const size_t equals = text.find('=');
        set(text.substr(0, equals), equals == std::string::npos ? Json() : Json(text.substr(equals + 1)));
      }
  }

  Variables variables;

 private:
  std::optional<std::string> known(const std::string& name) const {
    const std::optional<std::string> value = exported(name);
    return value || !file_ ? value : file_->get(name, exported);
  }

  std::string interpolated(const std::string& text) const {
    std::string whole;
    for (const TemplatePart& part : template_parts(text)) {
      if (part.variable.empty()) {
        whole += part.text;
        continue;
      }
      const std::optional<std::string> value = known(part.variable);
      whole += value && !value->empty() ? *value : interpolated(part.instead);
    }
    return whole;
  }

  // A name without a value is passed on from where Compose is called.
  void set(const std::string& name, const Json& value) {
    if (!value.is_null())
      variables[name] = interpolated(value.is_string() ? value.get<std::string>() : value.dump());
    else if (const std::optional<std::string> given = known(name))
      variables[name] = *given;
  }

  void add_file(const Json& described) {
    const Json path = described.is_object() ? get_or<Json>(described, "path", nullptr) : described;
    if (!path.is_string()) throw Error(Code::unsupported, "an env_file of the compose file is not named by a text");
    const fs::path file = folder_ / interpolated(path.get<std::string>());
    const std::optional<std::string> text = try_read_file(file);
    if (!text && described.is_object() && !get_or(described, "required", true)) return;
    if (!text) throw Error(Code::file_missing, file.string() + " does not exist", "correct the path where it is named");
    const Dotenv parsed = Dotenv::parse(*text, file.string());
    for (const Dotenv::Entry& entry : parsed.entries()) variables[entry.key] = parsed.get(entry.key, exported).value_or("");
  }

  const fs::path folder_;
  std::optional<Dotenv> file_;
};

}  // namespace

std::map<std::string, std::string> compose_environment(const fs::path& file, const std::string& service) {
  const Yaml compose = Yaml::parse(read_file(file), file.string());
  const std::optional<Yaml::Found> found = compose.find({"services", service});
  if (!found) return {};
  ServiceEnvironment environment(file.parent_path());
  Json described = Json::object();
  for (const char* key : {"env_file", "environment"})
    if (const std::optional<Yaml::Found> part = compose.child(found->node, key)) described[key] = compose.value(part->node);
  environment.add(described);
  return environment.variables;
}

}  // namespace playbook
