// playbook pin [DIR]: pins the images of a compose project to what runs now, after showing the difference. The work is compose/pin's.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"

namespace playbook::cli {
namespace {

class PinCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("dir", folder_);
    options.flag("--plan", plan_, "show the difference alone; change nothing");
    decisions_.declare(options);
    output_.declare(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (!folder_.empty() && !host_.instance.empty()) throw Error(Code::argument_invalid, "the instance is given twice: DIR and -C");
    RunRequest request;
    request.playbook = "compose/pin";
    request.instance = find_instance(runtime, folder_.empty() ? host_.instance : folder_, "");
    request.decisions = decisions_.decisions(Clock().utc());
    print_instance(shell, request.instance, output_.json);
    if (plan_ || !output_.json) {
      const ExitCode planned =
          conduct(runtime, shell, {request.instance, output_, false}, [&](Observer& observer) { return runtime.plan(request, observer); });
      if (plan_ || planned != kReached) return planned;
    }
    return conduct(runtime, shell, {request.instance, output_, true}, [&](Observer& observer) { return runtime.run(request, observer); });
  }

  std::string folder_;
  bool plan_ = false;
  DecisionOptions decisions_;
};

}  // namespace

std::unique_ptr<Command> make_pin_command() { return std::make_unique<PinCommand>(); }

}  // namespace playbook::cli
