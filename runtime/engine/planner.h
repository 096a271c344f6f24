// Walks a playbook without changing anything. Reads are real until something they read has been planned to change; from there they are
// declared predictions, or unknown. A playbook that uses an unknown ends the plan there: the rest depends on the real run.
#pragma once

#include <set>
#include <string>

#include "runtime/engine/actions.h"
#include "runtime/engine/facts.h"
#include "runtime/engine/result.h"

namespace playbook {

class Planner {
 public:
  enum class Extent {
    whole,  ///< up to the end, or to the first use of what only the real run can know
    gates,  ///< up to the first change: could it run?
    reads,  ///< changes are refused (eval, inspect)
  };
  Planner(Actions& actions, Decisions decisions, Extent extent) : actions_(actions), decisions_(std::move(decisions)), extent_(extent) {}

  RunResult walk(Script& script);

 private:
  struct End {};  // the first change, where only gates are asked for
  Answer answer(const Request& request);
  Answer read(Primitive& primitive, const Request& request);
  Answer change(Primitive& primitive, const Request& request);
  Answer own_request(const Request& request);
  bool is_affected(const std::vector<std::string>& things) const;
  Context context(const Request& request);

  Actions& actions_;
  Decisions decisions_;
  Extent extent_;
  RunFacts facts_;
  std::set<std::string> planned_;  // things that planned changes touch; `*` is everything
  std::string first_change_;       // what unknowns depend on
  int refused_ = 0;                // gates
  bool asked_ = false;             // any gate
};

}  // namespace playbook
