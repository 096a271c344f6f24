// playbook resume [RUN]: goes on with a suspended or killed run, in the direction in which it was going.
// playbook rollback [RUN]: turns an unfinished run back, or undoes a finished one in a new run.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"

namespace playbook::cli {
namespace {

using Act = RunResult (Runtime::*)(const std::filesystem::path& instance, const std::string& run, const Decisions&, Observer&);

/// Goes on with a run of the past, the one way or the other.
class GoOnCommand : public Command {
 public:
  explicit GoOnCommand(Act act) : act_(act) {}

 private:
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
                   [&](Observer& observer) { return (runtime.*act_)(instance, run_, decisions, observer); });
  }

  Act act_;
  std::string run_;
  DecisionOptions decisions_;
};

}  // namespace

std::unique_ptr<Command> make_resume_command() { return std::make_unique<GoOnCommand>(&Runtime::resume); }
std::unique_ptr<Command> make_rollback_command() { return std::make_unique<GoOnCommand>(&Runtime::rollback); }

}  // namespace playbook::cli
