// What a check of fuzzed input demands, in a form that fails a fuzz target and a unit test alike.
#pragma once

#include <stdexcept>
#include <string>

namespace playbook::testing {

inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::logic_error(what);
}

}  // namespace playbook::testing
