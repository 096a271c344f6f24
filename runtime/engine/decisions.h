// What the operator decides: beforehand for one run (Decisions), and while it goes (Control).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/base/cancel.h"
#include "runtime/base/clock.h"
#include "runtime/base/json.h"

namespace playbook {

/// What the operator allows and decides for one run. Journaled with it.
struct Decisions {
  bool yes = false;                              ///< answers yes to every confirm
  bool hold = false;                             ///< stop before downtime
  std::optional<Utc> not_after;                  ///< do not begin downtime later than this
  std::vector<std::string> accept;               ///< dangers accepted by name
  std::map<std::string, std::string> overrides;  ///< gate name -> reason

  bool accepts(const std::string& danger) const;
  /// Why a gate that refuses is overridden; nothing where it passes, is not named here, or can never be overridden. `gate` is its report.
  std::optional<std::string> override_of(const Json& gate) const;
  Json to_json() const;
  /// With what was accepted and overridden when the run began, as `to_json` wrote it: its gates are asked again when it is resumed.
  Decisions with_earlier(const Json& journaled) const;
};

/// From other threads and signal handlers, for the run in progress. All calls are async-signal-safe.
class Control {
 public:
  /// Stop at the next safe point: between actions, or within a read, which is then asked again on resume.
  void suspend() noexcept { suspend_.store(true), interrupt_.request(); }
  /// Stop what is in progress, changes too, and go back to the old state.
  void cancel() noexcept { cancel_.request(), interrupt_.request(); }
  void reset() noexcept { suspend_.store(false), cancel_.reset(), interrupt_.reset(); }
  bool suspend_requested() const noexcept { return suspend_.load(); }
  bool cancel_requested() const noexcept { return cancel_.requested(); }

  CancelToken& cancel_token() { return cancel_; }        ///< seen by changes
  CancelToken& interrupt_token() { return interrupt_; }  ///< seen by reads and by the script: either of the two

 private:
  std::atomic<bool> suspend_{false};
  CancelToken cancel_;
  CancelToken interrupt_;
};

}  // namespace playbook
