// Time as the runtime sees it: UTC for records, monotonic for durations, so that a clock that jumps changes no deadline. Faked in tests.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace playbook {

using Utc = std::chrono::sys_time<std::chrono::milliseconds>;
using Monotonic = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Utc utc() const { return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()); }
  virtual Monotonic monotonic() const { return std::chrono::steady_clock::now(); }
};

/// `2026-11-21T07:13:49.123Z`
std::string to_iso(Utc time);
/// Reads what `to_iso` writes, with or without milliseconds. Throws `argument.invalid`.
Utc parse_iso(std::string_view text);
/// `20261121T071349Z`, for names of files and folders.
std::string to_stamp(Utc time);
/// `420ms`, `8.3s`, `6m12s`, `1h03m`: for people.
std::string humane(std::chrono::milliseconds duration);

}  // namespace playbook
