// playbook status: the unfinished run, or else the last one, and what to do next.
#include <algorithm>

#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/journal_text.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

class StatusCommand : public Command {
  void declare(OptionSet& options) override {
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const auto instance = find_instance(runtime, host_.instance, "");
    const std::vector<RunRow> runs = runtime.history(instance);
    const bool held = runtime.is_held(instance);
    auto found = std::find_if(runs.begin(), runs.end(), [](const RunRow& run) { return !is_finished(run.state); });
    if (found == runs.end()) found = runs.begin();
    print_instance(shell, instance, output_.json);
    if (output_.json) {
      Json status{{"instance", instance.string()}, {"held", held}, {"run", nullptr}, {"next", Json::array()}};
      if (found != runs.end()) status["run"] = to_json(*found), status["next"] = next_commands(*found, held);
      shell.out << json_line(status) << "\n";
    } else {
      shell.out << (found == runs.end() ? "no runs yet\n" : run_head(*found, held, Paint(shell.terminal.colours)));
    }
    return kReached;
  }
};

}  // namespace

std::unique_ptr<Command> make_status_command() { return std::make_unique<StatusCommand>(); }

}  // namespace playbook::cli
