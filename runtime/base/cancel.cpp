#include "runtime/base/cancel.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"

namespace playbook {

CancelToken::CancelToken() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw system_error(errno, "eventfd");
}

CancelToken::~CancelToken() { close(fd_); }

void CancelToken::request() noexcept {
  requested_.store(true, std::memory_order_release);
  eventfd_write(fd_, 1);
}

void CancelToken::reset() noexcept {
  eventfd_t drained;
  eventfd_read(fd_, &drained);
  requested_.store(false, std::memory_order_release);
}

void CancelToken::check() const {
  if (requested()) throw Error(Code::cancelled, "cancelled");
}

bool CancelToken::wait(std::chrono::milliseconds duration) const {
  auto until = std::chrono::steady_clock::now() + duration;
  for (;;) {
    if (requested()) return false;
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) return true;
    pollfd poll_fd{fd_, POLLIN, 0};
    poll(&poll_fd, 1, static_cast<int>(std::min<long long>(left.count(), 1 << 30)));
  }
}

}  // namespace playbook
