// playbook check NAME|FILE: asks the gates and changes nothing; exit 0 or 3.
#include "bindings/cli/playbook_command.h"

namespace playbook::cli {
namespace {

class CheckCommand : public PlaybookCommand {
  void declare_more(OptionSet&) override {}
  RunResult carry_out(Runtime& runtime, const RunRequest& request, Observer& observer) override { return runtime.check(request, observer); }
  bool is_real_run() const override { return false; }
};

}  // namespace

std::unique_ptr<Command> make_check_command() { return std::make_unique<CheckCommand>(); }

}  // namespace playbook::cli
