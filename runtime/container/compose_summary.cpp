// What may be shown of a configuration. Compose v2 writes everything in its long form; v1 leaves ports and volumes as short texts.
#include <algorithm>
#include <set>

#include "runtime/base/text.h"
#include "runtime/container/compose.h"

namespace playbook {
namespace {

Json names_of(const Json& value) {
  std::set<std::string> names;
  if (value.is_object())
    for (const auto& [name, unused] : value.items()) names.insert(name);
  if (value.is_array())
    for (const Json& item : value)
      if (item.is_string()) names.insert(split(item.get<std::string>(), '=')[0]);
  return names;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.is_null() ? "" : value.dump(); }

// `127.0.0.1:8080:80/tcp`
Json port_from(const Json& port) {
  Json shown = Json::object();
  if (port.is_object()) {
    shown["target"] = text_of(port.value("target", Json()));
    if (port.contains("published")) shown["published"] = text_of(port["published"]);
    if (port.contains("host_ip")) shown["host"] = port["host_ip"];
    shown["protocol"] = get_or<std::string>(port, "protocol", "tcp");
    return shown;
  }
  std::string text = text_of(port);
  size_t slash = text.find('/');
  shown["protocol"] = slash == std::string::npos ? "tcp" : text.substr(slash + 1);
  text.resize(std::min(slash, text.size()));
  size_t target = text.rfind(':');
  shown["target"] = target == std::string::npos ? text : text.substr(target + 1);
  if (target == std::string::npos) return shown;
  text.resize(target);
  size_t published = text.rfind(':');
  shown["published"] = published == std::string::npos ? text : text.substr(published + 1);
  if (published != std::string::npos) shown["host"] = text.substr(0, published);
  return shown;
}

// `data:/var/lib/data:rw`
Json volume_from(const Json& volume) {
  if (volume.is_object()) {
    Json shown{{"type", get_or<std::string>(volume, "type", "volume")}, {"target", volume.at("target")}};
    if (volume.contains("source")) shown["source"] = volume["source"];
    shown["read_only"] = get_or(volume, "read_only", false);
    return shown;
  }
  std::vector<std::string> parts = split(text_of(volume), ':');
  if (parts.size() == 1) return {{"type", "volume"}, {"target", parts[0]}, {"read_only", false}};
  return {{"type", parts[0].starts_with('/') ? "bind" : "volume"},
          {"source", parts[0]},
          {"target", parts[1]},
          {"read_only", parts.size() > 2 && parts[2].starts_with("ro")}};
}

// Service -> condition.
Json dependencies_from(const Json& depends_on) {
  Json shown = Json::object();
  if (depends_on.is_array())
    for (const Json& name : depends_on) shown[name.get<std::string>()] = "service_started";
  if (depends_on.is_object())
    for (const auto& [name, how] : depends_on.items()) shown[name] = get_or<std::string>(how, "condition", "service_started");
  return shown;
}

Json service_from(const Json& service) {
  Json shown{{"environment", names_of(service.value("environment", Json()))},
             {"ports", Json::array()},
             {"volumes", Json::array()},
             {"depends_on", dependencies_from(service.value("depends_on", Json()))},
             {"builds", service.contains("build") && !service["build"].is_null()}};
  if (const Json build = get_or<Json>(service, "build", nullptr); build.is_object())
    shown["build"] = {{"context", get_or<std::string>(build, "context", ".")},
                      {"dockerfile", get_or<std::string>(build, "dockerfile", "Dockerfile")}};
  for (const char* key : {"image", "restart", "stop_grace_period"})
    if (service.contains(key) && !service[key].is_null()) shown[key] = text_of(service[key]);
  for (const Json list = get_or<Json>(service, "ports", Json::array()); const Json& port : list) shown["ports"].push_back(port_from(port));
  for (const Json list = get_or<Json>(service, "volumes", Json::array()); const Json& volume : list)
    shown["volumes"].push_back(volume_from(volume));
  return shown;
}

}  // namespace

Json summary(const Json& config, const std::string& project_name) {
  Json services = Json::object(), volumes = Json::object();
  std::set<std::string> images;
  for (const Json all = get_or<Json>(config, "services", Json::object()); const auto& [name, service] : all.items()) {
    services[name] = service_from(service);
    if (services[name].contains("image")) images.insert(services[name]["image"].get<std::string>());
  }
  for (const Json all = get_or<Json>(config, "volumes", Json::object()); const auto& [name, volume] : all.items())
    volumes[name] = get_or<std::string>(volume, "name", project_name + "_" + name);
  return {{"services", services}, {"volumes", volumes}, {"images", images}};
}

}  // namespace playbook
