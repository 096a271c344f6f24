// playbook rollback [RUN]: turns an unfinished run back, or undoes a finished one in a new run.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"

namespace playbook::cli {
namespace {

class RollbackCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("run", run_);
    decisions_.declare(options);
    output_.declare(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const auto instance = find_instance(runtime, host_.instance, "");
    const Decisions decisions = decisions_.decisions(Clock().utc());
    print_instance(shell, instance, output_.json);
    return conduct(runtime, shell, {instance, output_},
                   [&](Observer& observer) { return runtime.rollback(instance, run_, decisions, observer); });
  }

  std::string run_;
  DecisionOptions decisions_;
};

}  // namespace

std::unique_ptr<Command> make_rollback_command() { return std::make_unique<RollbackCommand>(); }

}  // namespace playbook::cli
