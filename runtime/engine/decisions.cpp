#include "runtime/engine/decisions.h"

#include <algorithm>

namespace playbook {

bool Decisions::accepts(const std::string& danger) const { return std::find(accept.begin(), accept.end(), danger) != accept.end(); }

Json Decisions::to_json() const {
  Json value{{"yes", yes}, {"hold", hold}, {"accept", accept}, {"overrides", overrides}};
  if (not_after) value["not_after"] = to_iso(*not_after);
  return value;
}

}  // namespace playbook
