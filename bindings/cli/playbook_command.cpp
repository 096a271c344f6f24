#include "bindings/cli/playbook_command.h"

#include "bindings/cli/command_line.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/parameter_options.h"

namespace playbook::cli {

void PlaybookCommand::declare(OptionSet& options) {
  options.word("playbook", playbook_);
  declare_more(options);
  decisions_.declare(options);
  output_.declare(options);
  host_.declare(options);
}

ExitCode PlaybookCommand::run(Runtime& runtime, Shell& shell) {
  if (playbook_.empty()) {
    if (!host_.help)
      throw Error(Code::argument_invalid, "no playbook is named",
                  "write playbook " + shell.command + " NAME; `playbook list` shows the names");
    OptionSet options("playbook " + shell.command);
    declare(options);
    shell.out << help_text(options, shell.command);
    return kReached;
  }
  const std::string playbook = playbook_;
  const std::filesystem::path instance = find_instance(runtime, host_.instance, playbook);
  const Definition definition = runtime.define(playbook, instance);
  OptionSet options("playbook " + shell.command);  // anew, with the playbook's parameters
  declare(options);
  const ParameterOptions parameters(definition, options);
  if (host_.help) {
    shell.out << definition.name << ": " << one_line(definition.summary) << "\n\n" << help_text(options, shell.command);
    return kReached;
  }
  decisions_ = {};
  options.parse(shell.arguments, false);

  RunRequest request;
  request.playbook = playbook;
  request.instance = instance;
  request.params = parameters.values(std::filesystem::current_path());
  request.decisions = decisions_.decisions(Clock().utc());
  print_instance(shell, instance, output_.json);
  return conduct(runtime, shell, {instance, output_, is_real_run()},
                 [&](Observer& observer) { return carry_out(runtime, request, observer); });
}

}  // namespace playbook::cli
