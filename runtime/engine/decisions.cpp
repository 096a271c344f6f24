#include "runtime/engine/decisions.h"

#include <algorithm>

namespace playbook {

bool Decisions::accepts(const std::string& danger) const { return std::find(accept.begin(), accept.end(), danger) != accept.end(); }

std::optional<std::string> Decisions::override_of(const Json& gate) const {
  auto reason = overrides.find(get_or<std::string>(gate, "name", ""));
  bool refuses = !get_or(gate, "ok", false) && !get_or(gate, "unknown", false);
  if (!refuses || reason == overrides.end() || !get_or(gate, "override", true)) return std::nullopt;
  return reason->second;
}

Json Decisions::to_json() const {
  Json value{{"yes", yes}, {"hold", hold}, {"accept", accept}, {"overrides", overrides}};
  if (not_after) value["not_after"] = to_iso(*not_after);
  return value;
}

Decisions Decisions::with_earlier(const Json& journaled) const {
  Decisions all = *this;
  for (const std::string& danger : get_or<std::vector<std::string>>(journaled, "accept", {})) all.accept.push_back(danger);
  all.overrides.merge(get_or<std::map<std::string, std::string>>(journaled, "overrides", {}));
  return all;
}

}  // namespace playbook
