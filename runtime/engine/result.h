// How a run ended, or paused: what the process's exit status says, and what people are told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/journal/journal.h"

namespace playbook {

enum ExitCode {
  kReached = 0,     ///< new state, or the command did what it says
  kRolledBack = 1,  ///< failed; the old state is verified, or the one on the way at which the run stayed
  kUsage = 2,       ///< wrong usage, or a script error before any change
  kRefused = 3,     ///< nothing changed
  kAttention = 4,   ///< neither state; says what is true and which commands finish it
  kSuspended = 5,   ///< can be resumed
  kHeld = 6,        ///< another or an unfinished run holds the instance
};

/// The exit status of a run that failed before it changed anything: the script's own fault, or the world's refusal.
inline ExitCode exit_before_changes(Code code) {
  switch (code) {
    case Code::script_failed:
    case Code::script_invalid:
    case Code::argument_invalid:
    case Code::name_unknown:
    case Code::memory_exceeded:
    case Code::way_back_missing:
      return kUsage;
    case Code::run_busy:
    case Code::run_unfinished:
      return kHeld;
    default:
      return kRefused;
  }
}

struct RunResult {
  ExitCode exit = kReached;
  std::string run;  ///< id; empty where no run was made
  std::optional<RunState> state;
  std::string summary;  ///< last line for people
  std::optional<Error> error;
  std::vector<std::string> next;  ///< commands that go on or finish it
  Json value;                     ///< what the run function returned (inspect, eval)
  Json report =
      Json::object();  ///< old, new, stayed, downtime_ms, undone, verified, restored, evidence, drift, writers_stopped: those that apply
};

}  // namespace playbook
