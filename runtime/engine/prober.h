// For how long an application refuses requests, as somebody who uses it would see: a thread asks it all the time. Steps of a run cannot
// tell that: an application goes on answering while it is being stopped, and answers long before the run has verified it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "runtime/base/cancel.h"

namespace playbook {

class Prober {
 public:
  /// Begins to ask `url`, ten times a second. A request is refused where nothing answers, or with 500 and above.
  explicit Prober(std::string url);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// Milliseconds from the first refused request to the first good one behind the last refused one; waits for that a moment. Nothing where
  /// none was refused, where it is not seen to be good again, and where nobody here can ask.
  std::optional<std::int64_t> refused_ms();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  void work();

  const std::string url_;
  CancelToken stop_;
  std::mutex mutex_;
  std::optional<Instant> first_refused_, good_again_;
  std::condition_variable answered_;
  std::thread thread_;
};

}  // namespace playbook
