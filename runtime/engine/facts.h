// What the engine knows of a run from the engine's own requests: its instance, its downtime, its proven ways back. Rebuilt by replay; in a
// plan from what is planned. Law 2 is decided here: what can lose data runs only while the writers are stopped and a way back is open that
// holds a verified backup taken since they stopped.
#pragma once

#include <map>
#include <optional>
#include <set>
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
  /// A change that would have to be undone was made (or planned); `text` says which.
  void note_change(const std::string& text) {
    if (first_change_.empty()) first_change_ = text;
  }
  /// A playbook that swallows the refusal of its gates goes no further. Throws gate.refused at the author's line.
  void demand_open_gates(const Request& request) const;
  /// A gate that is overridden by a name that none has was meant to be another. All gates were asked once something is about to change that
  /// would have to be undone. Throws gate.refused at the author's line.
  void demand_known_overrides(const std::map<std::string, std::string>& overrides, const Request& request) const;
  /// Law 1: a gate that stands behind a change could not refuse any more. Throws script.invalid at the author's line.
  void demand_no_change(const Request& gate) const;

  const Json& instance() const { return instance_; }
  const Json& stayed() const { return stayed_; }                         ///< {at, why} where the run stays on the way to its target
  const std::string& downtime_began() const { return downtime_began_; }  ///< ISO UTC
  std::optional<std::int64_t> downtime_ms() const { return downtime_ms_; }

 private:
  bool is_covered(const std::string& path) const;

  Json instance_ = nullptr, stayed_ = nullptr;
  std::string first_change_;
  std::set<std::string> asked_, refused_;  // gates, by name
  bool writers_stopped_ = false;
  std::string downtime_began_;
  std::optional<std::int64_t> downtime_ms_;
  std::vector<std::string> backups_;        // paths of the verified sets made since the writers stopped
  std::vector<std::string> proven_blocks_;  // scopes with a way back that holds one of them
};

}  // namespace playbook
