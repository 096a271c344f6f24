// playbook eval CODE: a Lua expression or chunk that only reads, and its value.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/quiet_view.h"
#include "bindings/cli/value_text.h"

namespace playbook::cli {
namespace {

class EvalCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("code", code_);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (code_.empty()) throw Error(Code::argument_invalid, "no code is given", "write playbook eval 'version.compare(\"1.9\", \"1.10\")'");
    QuietView view(shell.err);
    const RunResult result = runtime.evaluate(code_, find_instance(runtime, host_.instance, ""), view);
    if (result.error) return report_failure(shell, result, output_.json);
    if (output_.json)
      shell.out << json_line(result.value) << "\n";
    else if (!result.value.is_null())
      shell.out << value_text(result.value);
    return result.exit;
  }

  std::string code_;
};

}  // namespace

std::unique_ptr<Command> make_eval_command() { return std::make_unique<EvalCommand>(); }

}  // namespace playbook::cli
