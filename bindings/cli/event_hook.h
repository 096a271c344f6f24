// --on-event COMMAND: runs the command once for each event, in order, with the event's JSON on standard input. The run never waits for it:
// events queue up, progress is skipped while others wait, a command that hangs is ended, and at the end the rest has a bounded time.
// Failures are told once.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "bindings/api/playbook.h"

namespace playbook::cli {

class EventHook : public Observer {
 public:
  struct Limits {
    std::chrono::milliseconds one{10000};  ///< for one command
    std::chrono::milliseconds end{15000};  ///< for all that wait when the run is over
    size_t queue = 1000;                   ///< events
  };
  /// `warn` is called from the hook's thread, at most once.
  EventHook(std::string command, std::function<void(const std::string&)> warn, Limits limits);
  EventHook(std::string command, std::function<void(const std::string&)> warn) : EventHook(std::move(command), std::move(warn), Limits()) {}
  ~EventHook() override;
  EventHook(const EventHook&) = delete;
  EventHook& operator=(const EventHook&) = delete;

  void on_event(const Event& event) override;
  /// Waits for what is queued, at most `Limits::end`.
  void finish();

 private:
  void work();
  std::string run_command(const std::string& input, std::chrono::milliseconds limit);

  std::string command_;
  std::function<void(const std::string&)> warn_;
  Limits limits_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> queue_;
  std::string failure_;  // the first, until it is told
  bool over_ = false;
  std::chrono::steady_clock::time_point end_{};
  std::thread thread_;
};

}  // namespace playbook::cli
