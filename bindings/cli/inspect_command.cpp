// playbook inspect [DIR]: what is here, as the families of playbooks know it.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/value_text.h"

namespace playbook::cli {
namespace {

class InspectCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("dir", folder_);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (!folder_.empty() && !host_.instance.empty()) throw Error(Code::argument_invalid, "the instance is given twice: DIR and -C");
    const auto instance = find_instance(runtime, folder_.empty() ? host_.instance : folder_, "");
    print_instance(shell, instance, output_.json);
    const RunResult result = runtime.inspect(instance);
    if (result.error) return report_failure(shell, result, output_.json);
    shell.out << (output_.json ? json_line(result.value) + "\n" : value_text(result.value));
    return result.exit;
  }

  std::string folder_;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command() { return std::make_unique<InspectCommand>(); }

}  // namespace playbook::cli
