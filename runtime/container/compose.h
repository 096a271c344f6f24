// A compose project: its files as Compose reads them, orders to Compose, and its containers, which the engine is asked for by their labels.
// Compose v2 (`docker compose`, or a v2 `docker-compose`) is the one that is meant; v1 is accepted beside the engine that Debian 12
// packages and refused beside newer ones, where it fails in the middle of recreating containers. Used by one thread.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runtime/container/docker.h"

namespace playbook {

struct Project {
  std::filesystem::path folder;    ///< absolute; what is relative in the files is relative to it
  std::vector<std::string> files;  ///< in order, absolute or below the folder; never empty
  std::string name;                ///< "" until Compose was asked
  std::string env_file;            ///< "" for none; absolute or below the folder
};

class Compose {
 public:
  struct Tool {
    std::vector<std::string> argv;  ///< {"docker", "compose"} or {"docker-compose"}
    int generation = 2;
    std::string version, engine;
  };

  Compose(const Docker& docker, Project project) : docker_(docker), project_(std::move(project)) {}

  const Docker& docker() const { return docker_; }
  /// Found when it is first needed. Throws process.missing, `unsupported`, as all that needs it does.
  const Tool& tool();
  const Project& project() const { return project_; }
  /// The name that its containers carry.
  const std::string& name();

  /// All that Compose makes of the files. Holds secrets: never give it away whole; `summary` is what may be shown. Throws compose.invalid.
  Json config();
  /// Names of variables that the files use and nobody sets; known after `config`.
  const std::vector<std::string>& unset() const { return unset_; }

  /// An order to Compose that must succeed: `up -d`. Throws container.failed: `cannot WHAT: its last words`.
  void must(const std::string& what, const std::vector<std::string>& arguments, std::chrono::milliseconds deadline);
  Command command(const std::vector<std::string>& arguments);

  /// Its containers, one-off ones left out; all where no services are named.
  std::vector<Container> containers(const std::vector<std::string>& services = {});
  /// What Docker::running tells of them.
  std::vector<Container> running(const std::vector<std::string>& services);

 private:
  std::vector<std::string> labels();

  const Docker& docker_;
  Project project_;
  std::optional<Tool> tool_;
  std::vector<std::string> unset_;
};

/// What may be shown of a configuration: {services={NAME={image?, environment={names}, ports, volumes, restart?, depends_on,
/// stop_grace_period?, builds, build?={context, dockerfile}}}, volumes={NAME=full name}, images={sorted}}. No value of a variable.
Json summary(const Json& config, const std::string& project_name);

}  // namespace playbook
