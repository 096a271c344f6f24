// Monotonic milliseconds since it was made.
#pragma once

#include <cstdint>

#include "runtime/base/clock.h"

namespace playbook {

class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), start_(clock.monotonic()) {}
  std::int64_t ms() const { return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.monotonic() - start_).count(); }

 private:
  const Clock& clock_;
  Monotonic start_;
};

}  // namespace playbook
