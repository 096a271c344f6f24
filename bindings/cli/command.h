// A command of the command line, declared once: its options, its help and what it does. One file per command; commands.cpp lists them.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"
#include "bindings/cli/host_options.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {

/// The world that a command sees; tests hand in their own.
struct Shell {
  std::ostream& out;
  std::ostream& err;
  const Terminal& terminal;
  std::string command;                 ///< its name
  std::vector<std::string> arguments;  ///< what is behind the name
};

class Command {
 public:
  virtual ~Command() = default;
  /// Adds its options, which are filled in by parsing.
  virtual void declare(OptionSet& options) = 0;
  /// True where a playbook's parameters are options too: then unknown options are left to `run`.
  virtual bool takes_parameters() const { return false; }
  /// After parsing. Throws Error.
  virtual ExitCode run(Runtime& runtime, Shell& shell) = 0;
  const HostOptions& host() const { return host_; }

 protected:
  HostOptions host_;
  OutputOptions output_;
};

struct CommandEntry {
  const char* name;
  const char* usage;    ///< what follows the name
  const char* summary;  ///< one line
  std::unique_ptr<Command> (*make)();
};

/// All commands in the order of `playbook --help`.
const std::vector<CommandEntry>& commands();

std::unique_ptr<Command> make_attach_command();
std::unique_ptr<Command> make_backup_command();
std::unique_ptr<Command> make_check_command();
std::unique_ptr<Command> make_doc_command();
std::unique_ptr<Command> make_eval_command();
std::unique_ptr<Command> make_history_command();
std::unique_ptr<Command> make_inspect_command();
std::unique_ptr<Command> make_keys_command();
std::unique_ptr<Command> make_list_command();
std::unique_ptr<Command> make_pin_command();
std::unique_ptr<Command> make_releases_command();
std::unique_ptr<Command> make_resume_command();
std::unique_ptr<Command> make_rollback_command();
std::unique_ptr<Command> make_run_command();
std::unique_ptr<Command> make_settle_command();
std::unique_ptr<Command> make_show_command();
std::unique_ptr<Command> make_status_command();

}  // namespace playbook::cli
