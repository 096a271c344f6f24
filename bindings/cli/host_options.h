// The options of the command itself, as opposed to the parameters of a playbook. Declared in one place, so that the names that a playbook
// may not take are read from here and kept by nobody.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"

namespace CLI {
class App;
}

namespace playbook::cli {

/// Every command has these.
struct HostOptions {
  std::filesystem::path instance;  ///< -C
  std::filesystem::path state;
  std::filesystem::path library;
  bool help = false;

  void declare(CLI::App& app);
};

/// What commands that print data or run something share.
struct OutputOptions {
  bool json = false;
  std::string on_event;

  void declare_json(CLI::App& app);
  void declare(CLI::App& app);  ///< --json and --on-event
};

/// What the operator allows and decides; see Decisions.
struct DecisionOptions {
  bool yes = false, hold = false;
  std::string not_after;
  std::vector<std::string> accept, overrides, reasons;

  void declare(CLI::App& app);
  /// Throws `argument.invalid` where an override has no reason or the time cannot be read.
  Decisions decisions(Utc now) const;
};

/// `2026-11-21T04:00Z`, or `04:00`: the next time that it is four o'clock here. Throws `argument.invalid`.
Utc parse_not_after(const std::string& text, Utc now);

/// Parses; every mistake becomes `argument.invalid` that names the option, with "did you mean". Unknown ones are kept in `app.remaining()`
/// when `keep_unknown`.
void parse_options(CLI::App& app, const std::vector<std::string>& arguments, bool keep_unknown);

/// Long option names, without dashes.
std::vector<std::string> option_names(const CLI::App& app);

}  // namespace playbook::cli
