// The environment that a service gets from files: of a systemd unit and its drop-ins the lines Environment= and EnvironmentFile= of
// [Service], read as systemd.exec(5) and systemd.syntax(7) say, env files, and what compose files give to a service. What PassEnvironment=,
// a manager's own environment, an image or a program add is in no file, and not here. Specifiers (%h) are left as they stand.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace playbook {

using ServiceVariables = std::map<std::string, std::string>;

/// `files` in their order, a later one wins: a name that ends in .service or .conf is a unit's, `compose.yml#site` means the service `site`
/// of a compose file, any other is an env file. Env files that units name win over what units set. Throws what compose_environment throws.
ServiceVariables service_variables(const std::vector<std::filesystem::path>& files);

}  // namespace playbook
