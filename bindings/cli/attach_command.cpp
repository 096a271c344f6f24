// playbook attach [RUN]: follows a run of another process from its events file, with the same views, and ends with its exit code.
#include "bindings/cli/chosen_run.h"
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/event_file.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/journal_text.h"
#include "bindings/cli/terminal_view.h"

namespace playbook::cli {
namespace {

constexpr std::chrono::milliseconds kPoll{100};

class AttachCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("run", run_);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const auto instance = find_instance(runtime, host_.instance, "");
    const RunRow run = chosen_run(runtime, instance, run_);
    print_instance(shell, instance, output_.json);
    const auto view = make_view(shell, output_.json);
    EventFile file(runtime.run_folder(instance, run.id) / "events.jsonl");
    std::optional<Event> last;
    for (;;) {
      // Asked before reading: what its holder wrote before it let go is then read in any case.
      const bool going = is_going(runtime, instance, run.id);
      while (auto event = file.next()) {
        view->on_event(*event);
        last = std::move(event);
      }
      if (!going) break;
      std::this_thread::sleep_for(kPoll);
    }
    if (auto* picture = dynamic_cast<TerminalView*>(view.get())) picture->finish();
    return finish(runtime, shell, instance, run.id, last);
  }

  static bool is_going(const Runtime& runtime, const std::filesystem::path& instance, const std::string& id) {
    const auto row = runtime.find_run(instance, id);
    return row && (row->state == RunState::running || row->state == RunState::undoing) && runtime.is_held(instance);
  }

  ExitCode finish(const Runtime& runtime, Shell& shell, const std::filesystem::path& instance, const std::string& id,
                  const std::optional<Event>& last) const {
    if (last && last->kind == "run.finished") {
      const Ending ending = Ending::of_event(last->data);
      if (!output_.json) print_ending(shell, ending);
      return ending.exit;
    }
    const auto row = runtime.find_run(instance, id);
    if (!row) return kSuspended;
    if (!output_.json) shell.out << run_head(*row, runtime.is_held(instance), Paint(shell.terminal.colours));
    return is_finished(row->state) ? Ending::of_row(*row).exit : kSuspended;
  }

  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_attach_command() { return std::make_unique<AttachCommand>(); }

}  // namespace playbook::cli
