// playbook history: all runs of the instance, newest first.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/journal_text.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

class HistoryCommand : public Command {
  void declare(OptionSet& options) override {
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const auto instance = find_instance(runtime, host_.instance, "");
    const std::vector<RunRow> runs = runtime.history(instance);
    print_instance(shell, instance, output_.json);
    if (output_.json) {
      Json list = Json::array();
      for (const RunRow& run : runs) list.push_back(to_json(run));
      shell.out << json_line(list) << "\n";
    } else {
      shell.out << (runs.empty() ? "no runs yet\n" : history_table(runs));
    }
    return kReached;
  }
};

}  // namespace

std::unique_ptr<Command> make_history_command() { return std::make_unique<HistoryCommand>(); }

}  // namespace playbook::cli
