// playbook settle [RUN]: the operator says what the run cannot know: whether an action took effect, or which state the instance is in.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"

namespace playbook::cli {
namespace {

Settlement settlement_of(const std::string& word) {
  static const std::vector<std::pair<std::string, Settlement>> kWords = {{"done", Settlement::action_done},
                                                                         {"not-done", Settlement::action_not_done},
                                                                         {"new", Settlement::new_state},
                                                                         {"old", Settlement::old_state}};
  std::vector<std::string> names;
  for (const auto& [name, settlement] : kWords) {
    if (name == word) return settlement;
    names.push_back(name);
  }
  if (word.empty()) {
    throw Error(Code::argument_invalid, "option --as is required: done or not-done for an action in doubt, new or old for the whole run");
  }
  throw Error(Code::argument_invalid,
              "option --as: \"" + one_line(to_utf8(word)) + "\" is not one of done, not-done, new, old" + did_you_mean(word, names));
}

class SettleCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("run", run_);
    options.value("--as", as_, "WHAT", "done or not-done: the action in doubt; new or old: the state that the instance is in");
    options.value("--reason", reason_, "TEXT", "how you know; written down");
    output_.declare(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    const Settlement settlement = settlement_of(as_);
    if (trim(reason_).empty()) throw Error(Code::argument_invalid, "option --reason is required: how you know; written down");
    const auto instance = find_instance(runtime, host_.instance, "");
    print_instance(shell, instance, output_.json);
    return conduct(runtime, shell, {instance, output_},
                   [&](Observer& observer) { return runtime.settle(instance, run_, settlement, reason_, observer); });
  }

  std::string run_, as_, reason_;
};

}  // namespace

std::unique_ptr<Command> make_settle_command() { return std::make_unique<SettleCommand>(); }

}  // namespace playbook::cli
