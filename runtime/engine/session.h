// The life of one run: forward to the new state, or home to the old one, across as many processes as it takes.
//
//   running --finished--> done            running --stop--> suspended --resume--> running
//   running --failed, nothing changed--> refused
//   running --failed--> undoing --all undone, old state verified--> rolled_back
//                       undoing --cannot go on--> attention (writers stopped) --resume or rollback--> undoing
//
// The caller holds the run lock. Used by one thread.
#pragma once

#include <string>

#include "runtime/engine/actions.h"
#include "runtime/engine/dialogue.h"
#include "runtime/engine/result.h"
#include "runtime/engine/script.h"

namespace playbook {

class Session {
 public:
  Session(Actions& actions, ScriptHost& scripts, RunRow run, Decisions decisions)
      : actions_(actions), scripts_(scripts), run_(std::move(run)), decisions_(std::move(decisions)) {}

  /// A new run, whose row is in the journal already.
  RunResult begin();
  /// Goes on in the direction in which the run was going.
  RunResult resume();
  /// Turns an unfinished run back, from wherever it is.
  RunResult rollback();

 private:
  RunResult forward(bool resumed);
  RunResult home(const std::optional<Error>& because);
  RunResult attention(const Error& error);
  RunResult not_begun(const Error& error);
  RunResult paused(const Stop& stop, RunState state);
  RunResult failed(const Error& error);
  RunResult result(RunState state, ExitCode exit, const std::string& word);

  void settle_doubts(bool going_home);
  void settle_doubt(const ActionRow& row);
  void check_drift();
  Json instance();
  std::optional<Json> call_family(const std::string& function);
  std::vector<ActionRow> rows() { return actions_.journal().actions(run_.id); }
  void set_state(RunState state, const Json& verdict);
  std::string command(const std::string& verb) const;

  Actions& actions_;
  ScriptHost& scripts_;
  RunRow run_;
  Decisions decisions_;
  Json report_ = Json::object();
};

}  // namespace playbook
