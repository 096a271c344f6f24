// Asks work to stop. `request` may be called from any thread, and from a signal handler; waiters poll `fd()` beside their own descriptors.
#pragma once

#include <atomic>
#include <chrono>

namespace playbook {

class CancelToken {
 public:
  CancelToken();
  ~CancelToken();
  CancelToken(const CancelToken&) = delete;
  CancelToken& operator=(const CancelToken&) = delete;

  void request() noexcept;
  void reset() noexcept;
  bool requested() const noexcept { return requested_.load(std::memory_order_acquire); }
  /// Readable once a request came; for poll(2).
  int fd() const { return fd_; }
  /// Throws `cancelled` when a request came.
  void check() const;
  /// Waits that long, or less when a request comes. True when the time is over, false when cancelled.
  bool wait(std::chrono::milliseconds duration) const;

 private:
  std::atomic<bool> requested_{false};
  int fd_;
};

}  // namespace playbook
