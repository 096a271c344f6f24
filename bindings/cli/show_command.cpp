// playbook show [RUN]: everything that the journal knows of a run.
#include "bindings/cli/chosen_run.h"
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/journal_text.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

class ShowCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("run", run_);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const auto instance = find_instance(runtime, host_.instance, "");
    const RunRow run = chosen_run(runtime, instance, run_);
    const std::vector<ActionRow> actions = runtime.actions(instance, run.id);
    const std::string folder = to_utf8(runtime.run_folder(instance, run.id).string());
    const bool held = runtime.is_held(instance);
    print_instance(shell, instance, output_.json);
    if (output_.json) {
      Json list = Json::array();
      for (const ActionRow& action : actions) list.push_back(to_json(action));
      Json shown = to_json(run);
      shown["actions"] = std::move(list), shown["folder"] = folder, shown["held"] = held, shown["next"] = next_commands(run, held);
      shell.out << json_line(shown) << "\n";
      return kReached;
    }
    shell.out << run_head(run, held, Paint(shell.terminal.colours), folder) << "\n"
              << run_tree(actions, runtime.primitives(), shell.terminal);
    return kReached;
  }

  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_show_command() { return std::make_unique<ShowCommand>(); }

}  // namespace playbook::cli
