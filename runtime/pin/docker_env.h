// Appsmith's docker.env, in the strict grammar in which 2.5.1 and later read it: as data, never as shell text
// (deploy/docker/fs/opt/appsmith/ env-file.py of appsmithorg/appsmith, commit 3db1c64c). Earlier releases sourced the file; what this
// grammar takes means the same there. Messages give line and column, never a value.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/secret.h"

namespace playbook {

struct DockerEnv {
  std::map<std::string, std::string, std::less<>> values;  ///< the last line that sets a name counts
  std::vector<std::string> ignored{};                      ///< names of JVM options, which Appsmith takes from its container alone
};

/// `name` is how errors call the file. Throws `dotenv.invalid`: `docker.env:3:12: ...`.
DockerEnv parse_docker_env(std::string_view text, const std::string& name = "docker.env");

/// A value of such a file; the container's own environment, which comes before it, is not looked at.
Json secret_from_docker_env(const std::string& path, const std::string& name);
/// Lets the store open them: {type="secret", source="docker_env", path="/srv/appsmith/stacks/configuration/docker.env", name="KEY"}
void add_docker_env_source(SecretStore& store);

}  // namespace playbook
