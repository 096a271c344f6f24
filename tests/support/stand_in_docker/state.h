// What the stand-in engine knows, as JSON files in the folder STAND_IN_DOCKER: `images.json` (reference -> image), `registry.json` (what
// can be pulled), `containers.json` (id -> container) and a log for each container. Whoever holds a State holds the engine's lock.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace stand_in {

using Json = nlohmann::ordered_json;

/// Says so on standard error and ends with this status, as the command that it stands for would.
struct Failure {
  int status;
  std::string message;
};

std::filesystem::path engine_folder();

class State {
 public:
  State();
  ~State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Json images, registry, containers;

  void save();  ///< containers and images; whole or not at all
  /// By id, the beginning of one, or name. Throws Failure.
  Json& container(const std::string& name);
  /// One that is here, by its reference, with or without the digest, or its id. Throws Failure.
  const Json& image(const std::string& ref) const;
  /// Containers of a project, of all its services where none are named.
  std::vector<std::string> of_project(const std::string& project, const std::vector<std::string>& services = {});

 private:
  int lock_;
};

/// `name:tag` of `name:tag@digest`: here a tag is never given to another image.
std::string without_digest(const std::string& ref);
/// An image that was built without a tag is kept without one.
std::string without_latest(const std::string& ref);

/// RFC 3339 in UTC with nanoseconds, as the engine writes times.
std::string now();

}  // namespace stand_in
