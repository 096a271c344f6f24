// A Compose project as the stand-in reads it: its files are JSON (which is YAML too), with ${NAME}, ${NAME:-default} and ${NAME:?message}
// taken from the environment and then from .env. Several files are merged, the later one wins.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/stand_in_docker/state.h"

namespace stand_in {

struct Project {
  std::string name;
  std::filesystem::path folder;
  std::vector<std::filesystem::path> files;
  Json config;  ///< {name, services, volumes}, as `config --format json` gives it

  const Json& services() const { return config.at("services"); }
  /// Those named (all where none are) and what they depend on, that first. Throws Failure for one that does not exist.
  std::vector<std::string> in_order(const std::vector<std::string>& names) const;
};

/// Throws Failure, as Compose refuses a file.
Project read_project(const std::filesystem::path& folder, std::vector<std::filesystem::path> files, const std::filesystem::path& env_file,
                     std::string name, bool interpolate);

}  // namespace stand_in
