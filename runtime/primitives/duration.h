// A duration of the arguments, which are seconds, as the runtime wants it.
#pragma once

#include <algorithm>
#include <chrono>

#include "runtime/base/json.h"

namespace playbook {

/// At most some thirty years, so that adding it to a time cannot overflow.
inline std::chrono::milliseconds duration_of(const Json& args, const char* name) {
  return std::chrono::milliseconds(static_cast<long long>(std::min(args.at(name).get<double>() * 1000, 1e12)));
}

}  // namespace playbook
