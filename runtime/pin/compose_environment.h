// The variables that a compose file gives to a service: its `env_file`, and over it its `environment`, with merge keys and aliases
// followed. What it has from another service or file (`extends`, `include`) is not here: compose.config tells which names are missing.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace playbook {

/// ${NAME} is what the environment of this process says, else what .env beside the file does. Holds secrets. A service that the file does
/// not have gets nothing. Throws file.missing, file.denied, file.failed, dotenv.invalid, `unsupported`.
std::map<std::string, std::string> compose_environment(const std::filesystem::path& file, const std::string& service);

}  // namespace playbook
