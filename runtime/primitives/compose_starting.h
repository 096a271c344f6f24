// What compose.up and compose.start share: they start services, which may change their data as they start, and their undo brings back what
// ran before.
#pragma once

#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {

/// `prepare` records `before`: all containers of the project, as `shown` gives them.
class ComposeStarting : public Primitive {
 public:
  Undo undo_kind(const Json&) const override { return Undo::inverse; }

  /// Stops what it started. What ran before runs again: with the files as they are now, where Compose has made another container of it.
  void undo(Context& context, const Record& record) override {
    ComposeWork work(context, record.args);
    const Json& before = record.prepared.at("before");
    const std::chrono::milliseconds deadline = duration_of(record.args, "deadline");
    stop_started(context, work, before, deadline);
    bring_back(context, work, before, deadline);
  }

  /// Starting again goes on where it was.
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  std::optional<std::string> drift(Context& context, const Record& record) override { return changed_from_outside(context, record); }
  bool may_lose_data(const Json&) const override { return true; }
};

}  // namespace playbook
