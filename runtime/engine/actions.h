// Performs primitives under the journal: intent, effect, outcome. The forward path, the inverses and the ways back all go through here.
#pragma once

#include <string>

#include "runtime/engine/context.h"
#include "runtime/engine/decisions.h"
#include "runtime/engine/event_stream.h"
#include "runtime/engine/primitive.h"
#include "runtime/engine/script.h"
#include "runtime/journal/journal.h"

namespace playbook {

class Actions {
 public:
  Actions(const Registry& registry, Journal& journal, RunEnvironment& environment, EventStream& events, Control& control)
      : registry_(registry), journal_(journal), environment_(environment), events_(events), control_(control) {}

  /// Computes a pure primitive; nothing is recorded.
  Json compute(Primitive& primitive, const Request& request);
  /// Asks the world and records the outcome. A read that a suspension interrupted is not recorded: `outcome` is none.
  ActionRow read(Primitive& primitive, const Request& request, Phase phase);
  /// Prepare, intent, run, outcome. Throws only where the intent could not be written: then nothing has happened.
  ActionRow change(Primitive& primitive, const Request& request, Phase phase);
  /// Records one of the engine's own facts (a gate, a way back, an answer).
  ActionRow note(const Request& request, Phase phase, Json result);
  /// Restores what a change had changed; journaled, and done once however often it is called. Throws what the inverse throws.
  void undo(const ActionRow& done);
  /// What the world says about a change whose outcome was never written.
  Probe probe(const ActionRow& row);
  /// Nothing while the change still stands.
  std::optional<std::string> drift(const ActionRow& row);

  const Registry& registry() const { return registry_; }
  Journal& journal() { return journal_; }
  RunEnvironment& environment() { return environment_; }
  EventStream& events() { return events_; }
  Control& control() { return control_; }
  std::vector<std::string> touches(const ActionRow& row);
  /// `dotenv.set .env DEMO_VERSION`: the action for people.
  std::string describe(const std::string& name, const Json& args) const;

 private:
  /// Throws name.unknown, and `unsupported` where a newer version wrote the row.
  Primitive& primitive_of(const ActionRow& row) const;
  Context context(const std::string& path, const std::string& action_id, const RunEnvironment& environment);
  ActionRow row_for(const Declaration& declaration, const Request& request, const Json& full_args, Phase phase) const;
  void announce(const ActionRow& row, const Json& args);
  void report(const ActionRow& row);

  const Registry& registry_;
  Journal& journal_;
  RunEnvironment& environment_;
  EventStream& events_;
  Control& control_;
};

Record to_record(const ActionRow& row);

}  // namespace playbook
