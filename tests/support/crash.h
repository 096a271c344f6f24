// Ends a piece of work at each of its crash instants in turn, as a power cut or kill -9 would: the work runs in a forked child that kills
// itself there.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "runtime/base/faults.h"

namespace playbook::testing {

/// Notes the instants that were reached.
class NotingFaults : public Faults {
 public:
  void reach(std::string_view instant) override { reached.emplace_back(instant); }
  std::vector<std::string> reached;
};

/// Kills the process at the n-th instant, from 0.
class KillingFaults : public Faults {
 public:
  explicit KillingFaults(size_t at) : at_(at) {}
  void reach(std::string_view instant) override;

 private:
  size_t at_;
  size_t count_ = 0;
};

/// Does something at an instant.
class ActingFaults : public Faults {
 public:
  ActingFaults(std::string instant, std::function<void()> act) : instant_(std::move(instant)), act_(std::move(act)) {}
  void reach(std::string_view instant) override {
    if (instant == instant_) act_();
  }

 private:
  std::string instant_;
  std::function<void()> act_;
};

/// How a child that ran `work` ended.
struct ChildEnd {
  bool killed = false;
  int status = 0;  ///< 0: work returned; 1: it threw
};

/// Runs `work` in a forked child; the caller must have no other threads that matter to it.
ChildEnd in_child(const std::function<void()>& work);

/// Another process that does something and then waits for its end: one that holds a file, or a lock.
class Elsewhere {
 public:
  explicit Elsewhere(const std::function<void()>& begin);
  ~Elsewhere();
  Elsewhere(const Elsewhere&) = delete;
  Elsewhere& operator=(const Elsewhere&) = delete;
  pid_t pid() const { return pid_; }

 private:
  int end_[2];
  pid_t pid_;
};

/// The exit status of a shell command; what it prints is shown when it is not 0.
int shell(const std::string& command);

}  // namespace playbook::testing
