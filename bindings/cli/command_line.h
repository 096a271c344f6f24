// From the words of the command line to a command that runs, and from what it throws to an exit code. No process state but the streams it
// is given.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/command.h"

namespace playbook::cli {

struct CommandLineWorld {
  std::ostream& out;
  std::ostream& err;
  const Terminal& terminal;
  std::function<std::unique_ptr<Runtime>(const HostOptions&)> make_runtime;
};

ExitCode run_command_line(std::vector<std::string> words, const CommandLineWorld& world);

/// `playbook NAME ...`: usage, options, parameters.
std::string help_text(const OptionSet& options, const std::string& command);
/// `playbook --help`
std::string overview();

/// What the words behind `playbook` mean: `demo/upgrade` and `upgrade.lua` become `run ...`. Throws `argument.invalid` for an unknown
/// command.
std::vector<std::string> with_command(std::vector<std::string> words);

}  // namespace playbook::cli
