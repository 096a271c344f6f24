#include "bindings/cli/playbook_command.h"

#include <CLI/CLI.hpp>

#include "bindings/cli/command_line.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/parameter_options.h"

namespace playbook::cli {

void PlaybookCommand::declare(CLI::App& app) {
  app.add_option("playbook", playbook_);
  declare_more(app);
  decisions_.declare(app);
  output_.declare(app);
  host_.declare(app);
}

ExitCode PlaybookCommand::run(Runtime& runtime, Shell& shell) {
  if (playbook_.empty()) {
    if (!host_.help)
      throw Error(Code::argument_invalid, "no playbook is named",
                  "write playbook " + shell.command + " NAME; `playbook list` shows the names");
    shell.out << help_text(*make_app(*this, shell.command), shell.command);
    return kReached;
  }
  const std::string playbook = playbook_;
  const std::filesystem::path instance = find_instance(runtime, host_.instance, playbook);
  const Definition definition = runtime.define(playbook, instance);
  const auto app = make_app(*this, shell.command);  // anew, with the playbook's parameters
  const ParameterOptions parameters(definition, *app);
  if (host_.help) {
    shell.out << definition.name << ": " << one_line(definition.summary) << "\n\n" << help_text(*app, shell.command);
    return kReached;
  }
  decisions_ = {};
  parse_options(*app, shell.arguments, false);

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
