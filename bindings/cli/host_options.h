// The options of the command itself, as opposed to the parameters of a playbook. Declared in one place, so that the names that a playbook
// may not take are read from here and kept by nobody.
#pragma once

#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/option_set.h"

namespace playbook::cli {

/// Every command has these.
struct HostOptions {
  std::string instance;  ///< -C
  std::string state;     ///< --state
  std::string library;   ///< --library
  bool help = false;

  void declare(OptionSet& options);
};

/// What commands that print data or run something share.
struct OutputOptions {
  bool json = false;
  std::string on_event;

  void declare_json(OptionSet& options);
  void declare(OptionSet& options);  ///< --json and --on-event
};

/// What the operator allows and decides; see Decisions.
struct DecisionOptions {
  bool yes = false, hold = false;
  std::string not_after;
  std::vector<std::string> accept, overrides, reasons;

  void declare(OptionSet& options);
  /// Throws `argument.invalid` where an override has no reason or the time cannot be read.
  Decisions decisions(Utc now) const;
};

/// `2026-11-21T04:00Z`, or `04:00`: the next time that it is four o'clock here. Throws `argument.invalid`.
Utc parse_not_after(const std::string& text, Utc now);

}  // namespace playbook::cli
