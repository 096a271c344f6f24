// All that one run of the engine stands on, put together: state folder, lock, journal, secrets, children, events, actions. Lives as long as
// the call.
#pragma once

#include <memory>
#include <string>

#include "bindings/api/playbook.h"
#include "bindings/api/sources.h"
#include "runtime/base/findings.h"
#include "runtime/engine/actions.h"
#include "runtime/engine/session.h"
#include "runtime/engine/state_folder.h"
#include "runtime/process/children.h"

namespace playbook {

class Workplace {
 public:
  enum class Purpose {
    forward,  ///< a new run: needs the lock, a writable journal, and room to record a failure
    home,     ///< resume, rollback, settle: as above, but on a full disk too
    look,     ///< plan, check, eval: nothing is written; a temporary folder takes the place of the run's
  };
  Workplace(const RuntimeOptions& options, const Registry& registry, Control& control, const std::filesystem::path& instance,
            Purpose purpose, Observer& observer);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  Journal& journal() { return *journal_; }
  Actions& actions() { return *actions_; }
  EventStream& events() { return events_; }
  const StateFolder& folder() const { return folder_; }
  const Clock& clock() const { return *clock_; }
  /// From here on everything belongs to this run: folder, events file, action ids.
  void enter_run(const std::string& run);
  ProgramOptions program_options(Sources& sources) const;
  /// For a person to type: `playbook resume -C /srv/shop ID`.
  std::string command(const std::string& verb, const RunRow& run) const {
    return "playbook " + verb + " " + environment_.where + " " + run.id;
  }

 private:
  const RuntimeOptions& options_;
  const Registry& registry_;
  Control& control_;
  std::shared_ptr<Clock> clock_;
  StateFolder folder_;
  std::unique_ptr<RunLock> lock_;
  std::unique_ptr<Journal> journal_;
  Redactor redactor_;
  SecretStore secrets_;
  std::unique_ptr<Children> children_;
  EventStream events_;
  Findings findings_;
  RunEnvironment environment_;
  std::unique_ptr<Actions> actions_;
  std::filesystem::path scratch_;
};

/// "user (sudo by X) on host"
std::string actor();

}  // namespace playbook
