#include "runtime/container/adoption.h"

#include <algorithm>
#include <set>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

const char* const kProjectLabel = "com.docker.compose.project";

const Json& at(const Json& object, const char* outer, const char* inner) {
  static const Json nothing;
  if (!object.contains(outer) || !object.at(outer).is_object() || !object.at(outer).contains(inner)) return nothing;
  return object.at(outer).at(inner);
}

bool is_empty(const Json& value) {
  if (value.is_null() || value == false || value == 0) return true;
  return (value.is_string() || value.is_array() || value.is_object()) && (value.empty() || value == "");
}

std::map<std::string, std::string> variables(const Json& lines) {
  std::map<std::string, std::string> found;
  if (!lines.is_array()) return found;
  for (const Json& line : lines) {
    const auto text = line.get<std::string>();
    const size_t equals = text.find('=');
    found[text.substr(0, equals)] = equals == std::string::npos ? "" : text.substr(equals + 1);
  }
  return found;
}

// JSON is YAML; a dollar sign would begin a variable of Compose.
std::string yaml(const Json& value) {
  std::string doubled;
  for (const char c : value.dump()) doubled += c == '$' ? "$$" : std::string(1, c);
  return doubled;
}

// One service of a compose file, line by line.
class ComposeText {
 public:
  explicit ComposeText(const std::string& service) { text_ = "services:\n  " + yaml(service) + ":\n"; }
  void set(const std::string& name, const Json& value) { text_ += "    " + name + ": " + yaml(value) + "\n"; }
  void set_if(const std::string& name, const Json& value) {
    if (!is_empty(value)) set(name, value);
  }
  /// Where the container has it otherwise than its image.
  void set_unless(const std::string& name, const Json& value, const Json& of_image) {
    if (value != of_image) set_if(name, value);
  }
  void list(const std::string& name, const std::vector<std::string>& items) {
    if (items.empty()) return;
    text_ += "    " + name + ":\n";
    for (const std::string& item : items) text_ += "      - " + yaml(item) + "\n";
  }
  /// Below the services.
  void top(const std::string& name, const std::map<std::string, Json>& items) {
    if (items.empty()) return;
    text_ += name + ":\n";
    for (const auto& [key, value] : items) text_ += "  " + yaml(key) + ": " + yaml(value) + "\n";
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::vector<std::string> ports_of(const Json& container) {
  std::vector<std::string> ports;
  const Json& bindings = at(container, "HostConfig", "PortBindings");
  if (!bindings.is_object()) return ports;
  for (const auto& [target, all] : bindings.items())
    for (const Json& one : all) {
      const auto host = get_or<std::string>(one, "HostIp", "");
      const std::string address = host.empty() ? "" : (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":";
      const std::string port = target.ends_with("/tcp") ? target.substr(0, target.size() - 4) : target;
      ports.push_back(address + get_or<std::string>(one, "HostPort", "") + ":" + port);
    }
  return ports;
}

std::string restart_of(const Json& container) {
  const Json policy = at(container, "HostConfig", "RestartPolicy");
  const auto name = get_or<std::string>(policy, "Name", "");
  const int times = get_or<int>(policy, "MaximumRetryCount", 0);
  return name == "on-failure" && times > 0 ? name + ":" + std::to_string(times) : name == "no" ? "" : name;
}

std::map<std::string, std::string> settings_of(const Json& container, const Json& image) {
  const auto given = variables(at(container, "Config", "Env")), of_image = variables(at(image, "Config", "Env"));
  std::map<std::string, std::string> settings;
  for (const auto& [name, value] : given) {
    const auto same = of_image.find(name);
    if (same != of_image.end() && same->second == value) continue;
    if (name.starts_with("COMPOSE_"))
      throw Error(Code::unsupported, "the container has the setting " + name + ", which Compose would take for one of its own",
                  "write the compose file by hand, with that setting under environment");
    settings[name] = value;
  }
  return settings;
}

void write_network(ComposeText& text, const std::string& mode) {
  if (mode.starts_with("container:"))
    throw Error(Code::unsupported, "its network is that of another container", "write a compose file of both by hand");
  if (mode.empty() || mode == "default" || mode == "bridge") text.set("network_mode", "bridge");
  if (mode == "host" || mode == "none") text.set("network_mode", mode);
}

bool is_named_network(const std::string& mode) {
  return !mode.empty() && mode != "default" && mode != "bridge" && mode != "host" && mode != "none";
}

void write_mounts(ComposeText& text, const Json& container, std::map<std::string, Json>& volumes) {
  std::vector<std::string> mounts;
  for (const Json found = get_or<Json>(container, "Mounts", Json::array()); const Json& mount : found) {
    const auto type = get_or<std::string>(mount, "Type", "");
    if (type != "volume" && type != "bind") continue;
    const auto source = mount.at(type == "volume" ? "Name" : "Source").get<std::string>();
    if (type == "volume") volumes[source] = {{"external", true}, {"name", source}};
    mounts.push_back(source + ":" + mount.at("Destination").get<std::string>() + (get_or<bool>(mount, "RW", true) ? "" : ":ro"));
  }
  std::sort(mounts.begin(), mounts.end());  // the engine tells them in any order
  text.list("volumes", mounts);
}

void write_limits(ComposeText& text, const Json& host) {
  const std::vector<std::pair<const char*, const char*>> same{
      {"ExtraHosts", "extra_hosts"},   {"CapAdd", "cap_add"},     {"CapDrop", "cap_drop"},
      {"Privileged", "privileged"},    {"Memory", "mem_limit"},   {"Dns", "dns"},
      {"DnsSearch", "dns_search"},     {"GroupAdd", "group_add"}, {"SecurityOpt", "security_opt"},
      {"ReadonlyRootfs", "read_only"}, {"Init", "init"},          {"Sysctls", "sysctls"},
      {"PidsLimit", "pids_limit"}};
  for (const auto& [field, key] : same)
    if (host.contains(field)) text.set_if(key, host.at(field));
  if (const auto size = get_or<std::int64_t>(host, "ShmSize", 0); size != 64 << 20) text.set_if("shm_size", size);
  if (const auto cpus = get_or<double>(host, "NanoCpus", 0); cpus > 0) text.set("cpus", cpus / 1e9);
  const Json log = get_or<Json>(host, "LogConfig", Json::object());
  if (const Json options = get_or<Json>(log, "Config", Json::object()); !is_empty(options))
    text.set("logging", {{"driver", log.at("Type")}, {"options", options}});
}

std::map<std::string, std::string> own_labels(const Json& container, const Json& image) {
  std::map<std::string, std::string> labels;
  const Json &all = at(container, "Config", "Labels"), &of_image = at(image, "Config", "Labels");
  if (!all.is_object()) return labels;
  for (const auto& [name, value] : all.items())
    if (!(of_image.is_object() && of_image.contains(name) && of_image.at(name) == value)) labels[name] = value;
  return labels;
}

// What Compose writes otherwise for the same container, and what says nothing of how it is made.
Json made_of(const Json& container) {
  Json made{{"Image", container.at("Image")}, {"Config", container.at("Config")}, {"HostConfig", container.at("HostConfig")}};
  Json &config = made["Config"], &host = made["HostConfig"];
  for (const char* field : {"AttachStdin", "AttachStdout", "AttachStderr", "Volumes"}) config.erase(field);
  for (const char* field : {"Binds", "Mounts", "ConsoleSize", "ContainerIDFile"}) host.erase(field);
  if (container.at("Id").get<std::string>().starts_with(get_or<std::string>(config, "Hostname", "-"))) config.erase("Hostname");
  config["Env"] = variables(config.at("Env"));
  Json labels = Json::object();
  if (const Json& all = at(container, "Config", "Labels"); all.is_object())
    for (const auto& [name, value] : all.items())
      if (!name.starts_with("com.docker.compose.")) labels[name] = value;
  config["Labels"] = labels;
  if (get_or<std::string>(host, "NetworkMode", "") == "default") host["NetworkMode"] = "bridge";
  for (const Json mounts = get_or<Json>(container, "Mounts", Json::array()); const Json& mount : mounts) {
    const auto name = get_or<std::string>(mount, "Name", "");
    made["Mounts"][mount.at("Destination").get<std::string>()] = {
        {"Type", mount.at("Type")}, {"Source", name.empty() ? get_or<std::string>(mount, "Source", "") : name}, {"RW", mount.at("RW")}};
  }
  if (const Json& networks = at(container, "NetworkSettings", "Networks"); networks.is_object())
    for (const auto& [name, network] : networks.items())
      made["Networks"][name] = {{"is there", true}, {"IPAMConfig", get_or<Json>(network, "IPAMConfig", nullptr)}};
  return made;
}

void compare(const Json& one, const Json& other, const std::string& name, int depth, std::vector<std::string>& found) {
  if (one == other || (is_empty(one) && is_empty(other))) return;
  const bool goes_on = depth > 0 && (one.is_object() || one.is_null()) && (other.is_object() || other.is_null());
  if (!goes_on) return found.push_back(name);
  std::set<std::string> keys;
  for (const Json* side : {&one, &other})
    if (side->is_object())
      for (const auto& [key, unused] : side->items()) keys.insert(key);
  const bool named_by_people = name == "Config.Env" || name == "Config.Labels" || name == "Mounts" || name == "Networks";
  for (const std::string& key : keys)
    compare(one.is_object() && one.contains(key) ? one.at(key) : Json(), other.is_object() && other.contains(key) ? other.at(key) : Json(),
            name.empty() ? key : name + (named_by_people ? " " : ".") + key, depth - 1, found);
}

}  // namespace

Adoption adoption_of(const Json& container, const Json& image, const std::string& service, const std::string& env_file) {
  const auto name = container.at("Name").get<std::string>().substr(1);
  if (const Json& labels = at(container, "Config", "Labels"); labels.is_object() && labels.contains(kProjectLabel))
    throw Error(Code::unsupported, "container " + name + " belongs to the compose project " + labels.at(kProjectLabel).get<std::string>(),
                "its compose file is there already; name its folder with -C DIR");
  const Json &config = container.at("Config"), &host = container.at("HostConfig");
  const Json of_image = get_or<Json>(image, "Config", Json::object());
  Adoption adoption{"", settings_of(container, image)};
  ComposeText text(service);
  text.set("image", config.at("Image"));
  text.set("container_name", name);
  const auto mode = get_or<std::string>(host, "NetworkMode", ""), hostname = get_or<std::string>(config, "Hostname", "");
  if (mode != "host" && !container.at("Id").get<std::string>().starts_with(hostname)) text.set("hostname", hostname);
  text.set_if("restart", restart_of(container));
  write_network(text, mode);
  if (!adoption.settings.empty()) text.list("env_file", {env_file});
  const std::vector<std::pair<const char*, const char*>> as_image{
      {"Entrypoint", "entrypoint"}, {"Cmd", "command"}, {"User", "user"}, {"WorkingDir", "working_dir"}, {"StopSignal", "stop_signal"}};
  for (const auto& [field, key] : as_image)
    text.set_unless(key, get_or<Json>(config, field, nullptr), get_or<Json>(of_image, field, nullptr));
  text.set_if("tty", get_or<Json>(config, "Tty", nullptr));
  text.set_if("stdin_open", get_or<Json>(config, "OpenStdin", nullptr));
  text.list("ports", ports_of(container));
  std::map<std::string, Json> volumes, networks;
  write_mounts(text, container, volumes);
  write_limits(text, host);
  text.set_if("labels", own_labels(container, image));
  text.top("volumes", volumes);
  if (is_named_network(mode)) networks["default"] = {{"external", true}, {"name", mode}};
  text.top("networks", networks);
  adoption.compose_file = text.text();
  return adoption;
}

std::vector<std::string> differences(const Json& container, const Json& other) {
  std::vector<std::string> found;
  compare(made_of(container), made_of(other), "", 3, found);
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace playbook
