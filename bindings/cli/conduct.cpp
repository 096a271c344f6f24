#include "bindings/cli/conduct.h"

#include <unistd.h>

#include <atomic>

#include "bindings/cli/event_hook.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/prompt.h"
#include "bindings/cli/run_log.h"
#include "bindings/cli/signals.h"
#include "bindings/cli/terminal_view.h"

namespace playbook::cli {
namespace {

// The observers of one run. One that fails does not keep the others from hearing.
class Audience : public Observer {
 public:
  explicit Audience(Prompt& prompt) : prompt_(prompt) {}
  void add(Observer* observer) { observers_.push_back(observer); }

  void on_event(const Event& event) override {
    finished_ = finished_ || event.kind == "run.finished";
    if (event.kind == "undo.started") going_back_ = true;
    for (Observer* observer : observers_) {
      try {
        observer->on_event(event);
      } catch (const std::exception&) {  // a view or a log that fails is no reason to stop an upgrade
      }
    }
  }
  std::optional<std::string> answer(const Question& question) override { return prompt_.ask(question.text, question.choices); }
  bool finished() const { return finished_; }
  bool going_back() const { return going_back_; }

 private:
  Prompt& prompt_;
  std::vector<Observer*> observers_;
  bool finished_ = false;
  std::atomic<bool> going_back_{false};
};

// For what ended before there was a run: the last JSON line is run.finished in any case.
Event finished_event(const Ending& ending) {
  Json data{{"time", to_iso(Clock().utc())},
            {"event", "run.finished"},
            {"exit", static_cast<int>(ending.exit)},
            {"summary", ending.summary},
            {"next", ending.next}};
  if (!ending.error.is_null()) data["error"] = ending.error;
  if (!ending.state.empty()) data["state"] = ending.state;
  return {"run.finished", data};
}

}  // namespace

std::unique_ptr<Observer> make_view(Shell& shell, bool json) {
  static const Clock kClock;
  if (json) return std::make_unique<JsonView>(shell.out);
  if (shell.terminal.interactive) return std::make_unique<TerminalView>(shell.out, shell.terminal, kClock, true);
  return std::make_unique<PlainView>(shell.out);
}

void print_instance(Shell& shell, const std::filesystem::path& instance, bool json) {
  if (json) return;
  shell.out << Paint(shell.terminal.colours)(Colour::dim, "instance " + one_line(to_utf8(instance.string()))) << "\n" << std::flush;
}

ExitCode report_failure(Shell& shell, const RunResult& result, bool json) {
  const Ending ending = Ending::of(result);
  if (json) {
    shell.out << json_line({{"error", ending.error}, {"exit", static_cast<int>(ending.exit)}}) << "\n" << std::flush;
  } else {
    shell.err << error_block(ending.error, "nothing", ending.next, Paint(shell.terminal.colours)) << std::flush;
  }
  return ending.exit;
}

void print_ending(Shell& shell, const Ending& ending) {
  const Paint paint(shell.terminal.colours);
  const bool block = shell.terminal.interactive && ending.has_screen();
  if (ending.error.is_object() && !block) shell.err << error_block(ending.error, changed_text(ending), ending.next, paint) << std::flush;
  if (block)
    shell.out << ending_block(ending, paint);
  else if (ending.has_screen())
    shell.out << ending_line(ending);
  shell.out << std::flush;
}

ExitCode conduct(Runtime& runtime, Shell& shell, const Conduct& how, const std::function<RunResult(Observer&)>& run) {
  const SignalMask mask;
  std::unique_ptr<Observer> view = make_view(shell, how.output.json);
  auto* picture = dynamic_cast<TerminalView*>(view.get());
  Prompt prompt(
      shell.terminal.can_ask ? STDIN_FILENO : -1, shell.terminal.interactive && !how.output.json ? shell.out : shell.err,
      [picture] {
        if (picture) picture->pause();
      },
      [picture] {
        if (picture) picture->proceed();
      });
  Audience audience(prompt);
  Signals signals(mask, runtime.control(), prompt, [&audience] { return audience.going_back(); });
  audience.add(view.get());
  RunLog log([&](const std::string& id) { return runtime.run_folder(how.instance, id); });
  if (how.log) audience.add(&log);
  std::optional<EventHook> hook;
  if (!how.output.on_event.empty())
    hook.emplace(how.output.on_event, [&](const std::string& warning) { prompt.say(warning); }), audience.add(&*hook);

  Ending ending;
  try {
    ending = Ending::of(run(audience));
  } catch (const Error& error) {
    ending.exit = exit_of(error);
    ending.error = error.to_json();
  }
  if (!audience.finished()) audience.on_event(finished_event(ending));
  if (hook) hook->finish();
  if (picture) picture->finish();
  prompt.hang_up();  // the screen is the last screen's
  if (!how.output.json) print_ending(shell, ending);
  return ending.exit;
}

}  // namespace playbook::cli
