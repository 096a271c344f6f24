// What a run tells the world while it goes: one type of event, observers that take it. The same JSON goes to `--json`, to events.jsonl in
// the run's folder (which `attach` follows) and to an embedder. Schema, one object a line:
//   {"time": ISO UTC, "run": id, "event": kind, ...}
//   run.started      playbook, instance, mode (run|resume|rollback|plan|check), version, params
//   run.replayed     actions (how many came from the journal), ms
//   run.finished     state, exit, summary, error?, downtime_ms?, next? (list of commands), undone?
//   scope.entered    kind (step|gates|downtime|retry|attempt), title, path          scope.left  + ok, ms
//   action.started   path, name, change (bool), where, replayed=false, text (what it does, for people)
//   action.progress  path, done, total?, unit
//   action.finished  path, name, outcome (ok|error|cancelled), ms, error?, phase (forward|undo|back)
//   action.planned   path, name, text, diff?, predicted (bool), undo (inverse|not_needed|impossible|way_back)
//   gate             name, title, ok, message?, hint?, overridden?, unknown?        expect      the same
//   downtime         state (begun|closed|ended), ms?, changing_ms? (where ms is by requests that were refused)
//   way_back         text
//   undo.started     items (how many), because                                      undo.item   text, index, of
//   question         id, text, choices (list), default?                           answer   id, answer, by (operator|option|observer), text?
//   log              level, line, path?                                             evidence    folder, files
//   drift            items (list of {path, text})
// All strings have passed the redactor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/base/json.h"

namespace playbook {

struct Event {
  std::string kind;
  Json data;  ///< the whole object, time and run included
};

/// A question that the run cannot go on without.
struct Question {
  std::string id;  ///< stable over resumes
  std::string text;
  std::vector<std::string> choices;  ///< such as yes, no; or done, not-done
  Json details;
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// Called from the run's thread, in order. Must not throw; what it throws is dropped.
  virtual void on_event(const Event& event) = 0;
  /// One of the question's choices, or nothing when nobody is there to answer. Called from the run's thread.
  virtual std::optional<std::string> answer(const Question&) { return std::nullopt; }
};

}  // namespace playbook
