// Named instants at which a test may end the process. Production hands in nothing; a test's implementation counts, or kills itself at the
// n-th.
#pragma once

#include <string_view>

namespace playbook {

class Faults {
 public:
  virtual ~Faults() = default;
  /// Called before and after every effect that matters. May not return.
  virtual void reach(std::string_view instant) = 0;
};

inline void reach(Faults* faults, std::string_view instant) {
  if (faults) faults->reach(instant);
}

}  // namespace playbook
