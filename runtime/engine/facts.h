// What the engine knows of a run from the engine's own requests: its instance, its downtime, its proven ways back. Rebuilt by replay; in a
// plan from what is planned. Law 2 is decided here: what can lose data runs only while the writers are stopped and a way back is open that
// holds a verified backup taken since they stopped.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/primitive.h"
#include "runtime/engine/script.h"

namespace playbook {

class RunFacts {
 public:
  /// Takes in one delivered outcome. `sequence` only has to be positive.
  void learn(const std::string& name, const std::string& path, const Json& args, const Json& result);
  /// Throws way_back.missing at the author's line.
  void demand_way_back(const Primitive& primitive, const Request& request) const;

  const Json& instance() const { return instance_; }
  const std::string& downtime_began() const { return downtime_began_; }  ///< ISO UTC
  std::optional<std::int64_t> downtime_ms() const { return downtime_ms_; }

 private:
  bool is_covered(const std::string& path) const;

  Json instance_ = nullptr;
  bool writers_stopped_ = false;
  std::string downtime_began_;
  std::optional<std::int64_t> downtime_ms_;
  std::vector<std::string> backups_;        // paths of the verified sets made since the writers stopped
  std::vector<std::string> proven_blocks_;  // scopes with a way back that holds one of them
};

}  // namespace playbook
