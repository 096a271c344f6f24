#include "runtime/engine/facts.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/engine/position.h"

namespace playbook {
namespace {

bool holds_set(const Json& value, const std::vector<std::string>& backups) {
  if (value.is_object() && get_or<std::string>(value, "type", "") == "backup.set")
    return std::find(backups.begin(), backups.end(), get_or<std::string>(value, "path", "")) != backups.end();
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), [&](const Json& element) { return holds_set(element, backups); });
}

}  // namespace

void RunFacts::learn(const std::string& name, const std::string& path, const Json& args, const Json& result) {
  if (name == "gate") {
    const std::string gate = get_or<std::string>(args, "name", "");
    asked_.insert(gate);
    if (get_or(args, "ok", false) || get_or(args, "unknown", false) || get_or(result, "overridden", false))
      refused_.erase(gate);
    else
      refused_.insert(gate);
  } else if (name == "instance") {
    instance_ = args;
  } else if (name == "stayed") {
    stayed_ = args;
  } else if (name == "downtime_begin") {
    downtime_began_ = get_or<std::string>(result, "time", "");
  } else if (name == "downtime_closed") {
    writers_stopped_ = true;
  } else if (name == "downtime_end") {
    writers_stopped_ = false;
    backups_.clear();
    proven_blocks_.clear();
    downtime_ms_ = downtime_ms_.value_or(0) + get_or<std::int64_t>(result, "ms", 0);
  } else if (name == "backup.create" && writers_stopped_ && get_or(result, "verified", false)) {
    backups_.push_back(get_or<std::string>(result, "path", ""));
  } else if (name == "way_back" && holds_set(args, backups_)) {
    proven_blocks_.push_back(block_of(path));
  }
}

bool RunFacts::is_covered(const std::string& path) const {
  return writers_stopped_ &&
         std::any_of(proven_blocks_.begin(), proven_blocks_.end(), [&](const std::string& block) { return is_within(path, block); });
}

void RunFacts::demand_way_back(const Primitive& primitive, const Request& request) const {
  Json args = checked_arguments(primitive.declaration(), request.args);
  if (!primitive.may_lose_data(args) || is_covered(request.path)) return;
  std::string what = request.where + ": " + request.name + " can lose data, and ";
  if (!writers_stopped_)
    throw Error(Code::way_back_missing, what + "the writers are not stopped",
                "put it inside downtime(function() ... end), after a backup and way_back(...)");
  throw Error(Code::way_back_missing, what + "there is no way back with a verified backup taken since the writers stopped",
              backups_.empty() ? "call backup.create(...) in this downtime and hand its result to way_back(...)"
                               : "hand the result of backup.create(...) to way_back(...) in this block");
}

void RunFacts::demand_open_gates(const Request& request) const {
  if (refused_.empty()) return;
  throw Error(Code::gate_refused,
              request.where + ": gate " + *refused_.begin() + " has refused, and the playbook goes on to " + request.name,
              "do not catch what gates raise; an operator can override a gate by its name");
}

void RunFacts::demand_known_overrides(const std::map<std::string, std::string>& overrides, const Request& request) const {
  if (!first_change_.empty()) return;
  const std::vector<std::string> gates(asked_.begin(), asked_.end());
  for (const auto& [name, reason] : overrides)
    if (!asked_.contains(name))
      throw Error(Code::gate_refused,
                  request.where + ": --override " + name + ": no gate that was asked has that name" + did_you_mean(name, gates),
                  gates.empty() ? "this playbook asks no gates" : "its gates are " + join(gates, ", "));
}

void RunFacts::demand_no_change(const Request& gate) const {
  if (first_change_.empty() || gate.path.starts_with("resume#")) return;
  throw Error(Code::script_invalid, gate.where + ": a gate stands behind a change: " + first_change_,
              "gates come before anything is changed; what must hold afterwards is an expect");
}

}  // namespace playbook
