// Signals while a run goes: taken by a thread from a signalfd, so that no handler and no global state is needed and a question can be
// asked.
//   SIGTERM  suspend at the next safe point         SIGINT   ask: continue, pause or roll back; without a terminal like SIGTERM
//   SIGHUP   go on without a terminal               a second SIGINT or SIGTERM   end at once with status 5; the journal holds
// SIGPIPE is ignored: a reader that went away does not stop an upgrade. Made by the main thread before other threads exist, which inherit
// the mask.
#pragma once

#include <signal.h>

#include <array>
#include <functional>
#include <thread>

#include "bindings/api/playbook.h"
#include "bindings/cli/prompt.h"

namespace playbook::cli {

/// Takes the signals away from their default actions, for this thread and those that it starts from now on: make it before any other thread
/// exists.
class SignalMask {
 public:
  SignalMask();
  ~SignalMask();
  SignalMask(const SignalMask&) = delete;
  SignalMask& operator=(const SignalMask&) = delete;
  const sigset_t& taken() const { return taken_; }

 private:
  sigset_t taken_{}, before_{};
  struct sigaction pipe_before_ {};
};

class Signals {
 public:
  /// `going_back`: whether the run is on its way back already; then there is nothing to roll back. Called from the signals' thread.
  Signals(const SignalMask& mask, Control& control, Prompt& prompt, std::function<bool()> going_back);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  void listen();
  void interrupted();
  void suspend();
  void lose_terminal();
  [[noreturn]] void end_now();

  Control& control_;
  Prompt& prompt_;
  std::function<bool()> going_back_;
  CancelToken over_;
  int signals_ = -1;
  bool asked_to_stop_ = false;
  std::array<bool, 3> terminals_;  // which of the standard streams are one
  std::thread thread_;
};

}  // namespace playbook::cli
