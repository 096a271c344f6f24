// Carries one script to its end: answers its requests from the journal while it replays, then from the world.
//
// Replay. Rows come in the order of their outcomes. A request must be the next row: same position, same primitive, same arguments; then the
// recorded outcome is the answer and nothing runs. Anything else is `replay.diverged`, with a diff.
// Recheck. A resumed run asks all gates again before its first new change: the engine notes the mark `resume#n` and answers `recheck`; the
// script asks its gates under that prefix, and then its request again. On a later resume the mark and what it asked are replayed like
// everything else.
//
// The engine's own requests, beside primitives (all but enter and leave are noted in the journal):
//   enter {kind, title}   leave {kind, title, ok}      a scope: step, gates, downtime, retry, attempt
//   gate | expect {name, title, ok, message?, hint?, override?, unknown?}   answer {overridden}
//   instance {module, title?, version?, probe?, ...}   the instance that this run works on; `probe` is asked while it is down
//   accepted {name}  -> bool     confirm {text, details?} -> bool
//   downtime_begin | downtime_closed | downtime_end    writers running -> stopped and fenced -> released
//   way_back {module, function, args}                  replaces the inverses of what follows in its scope
//   stayed {at, why}                                   the new state is one on the way to it
//   recheck_failed {gates}                             the run stops; nothing is undone
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/actions.h"
#include "runtime/engine/facts.h"
#include "runtime/engine/prober.h"
#include "runtime/engine/script.h"
#include "runtime/engine/stopwatch.h"

namespace playbook {

/// Why a script did not go on although it neither finished nor failed. The run can be resumed.
struct Stop {
  std::string why;
  bool refused = false;  ///< the world does not allow it now (exit 3), rather than the operator's wish (exit 5)
  Json details = nullptr;
};

struct Ending {
  enum class Kind { finished, failed, stopped };
  Kind kind = Kind::finished;
  Json result;
  std::optional<Error> error;
  Stop stop;
};

class Dialogue {
 public:
  struct Options {
    Phase phase = Phase::forward;
    bool resumed = false;  ///< gates are asked again before the first new change
    int rechecks = 0;      ///< how many rechecks the journal holds already
    Decisions decisions;
  };

  /// `recorded`: rows of this script, in journal order.
  Dialogue(Actions& actions, std::vector<ActionRow> recorded, Options options)
      : actions_(actions), recorded_(std::move(recorded)), options_(std::move(options)), watch_(*actions.environment().clock) {}

  Ending carry(Script& script);
  const RunFacts& facts() const { return facts_; }
  size_t replayed() const { return next_; }

 private:
  Answer answer(const Request& request);
  Answer replay(const Request& request);
  void learn(const ActionRow& row);
  Answer perform(const Request& request);
  Answer perform_primitive(Primitive& primitive, const Request& request);
  Answer own_request(const Request& request);
  Json confirm(const Request& request);
  Json begin_downtime(const Request& request);
  Json end_downtime();
  Json check_result(const Request& request) const;
  Json past_run(const Request& request) const;
  void scope_event(const Request& request);
  Json undo_past_action(const Request& request);
  void go_live();
  bool replaying() const { return next_ < recorded_.size(); }

  Actions& actions_;
  std::vector<ActionRow> recorded_;
  Options options_;
  RunFacts facts_;
  size_t next_ = 0;
  bool live_ = false;  ///< past the frontier
  bool rechecked_ = false;
  std::vector<Json> open_scopes_;  ///< entered while replaying, shown when the run goes live
  Stopwatch watch_;
  std::optional<Stopwatch> downtime_watch_;
  std::optional<Prober> prober_;  ///< of the downtime
};

}  // namespace playbook
