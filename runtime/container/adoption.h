// A container that `docker run` made, as the compose file and the settings that make the same one, and the proof of it: two containers
// compared field by field. What Compose writes otherwise for the same thing is made equal first; a field that nobody here knows counts.
// Fields as in the Docker Engine's API, version 1.41 (ContainerInspect).
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace playbook {

struct Adoption {
  std::string compose_file;                     ///< YAML, without the value of any setting
  std::map<std::string, std::string> settings;  ///< variables that the image does not set so; secrets are among them
};

/// `container` and `image` are what `docker inspect` says; `service` becomes the name of the service, which reads its settings from
/// `env_file`. Throws `unsupported` where Compose made it already, and where its network is that of another container.
Adoption adoption_of(const Json& container, const Json& image, const std::string& service, const std::string& env_file = ".env");

/// Names of what differs, sorted, no values: `Config.Env AP_X`, `HostConfig.Devices`, `Mounts /data`. Empty: they are made alike.
std::vector<std::string> differences(const Json& container, const Json& other);

}  // namespace playbook
