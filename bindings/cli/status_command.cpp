// playbook status: the unfinished run, or else the last one, and what to do next.
#include <algorithm>

#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/journal_text.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

/// Of a run whose process died nobody has noted that the application is down.
RunRow with_downtime(RunRow run, const std::vector<ActionRow>& actions) {
  const std::string since = is_finished(run.state) ? "" : down_since(actions);
  if (since.empty()) return run;
  if (!run.verdict.is_object()) run.verdict = Json::object();
  run.verdict["down_since"] = since;
  return run;
}

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
    std::optional<RunRow> run;
    if (found != runs.end()) run = with_downtime(*found, runtime.actions(instance, found->id));
    if (output_.json) {
      Json status{{"instance", instance.string()}, {"held", held}, {"run", nullptr}, {"next", Json::array()}};
      if (run) status["run"] = to_json(*run), status["next"] = next_commands(*run, held);
      shell.out << json_line(status) << "\n";
    } else {
      shell.out << (run ? run_head(*run, held, Paint(shell.terminal.colours)) : "no runs yet\n");
    }
    return kReached;
  }
};

}  // namespace

std::unique_ptr<Command> make_status_command() { return std::make_unique<StatusCommand>(); }

}  // namespace playbook::cli
