// playbook run NAME|FILE: runs a playbook, or with --plan says what it would do.
#include "bindings/cli/playbook_command.h"

namespace playbook::cli {
namespace {

class RunCommand : public PlaybookCommand {
  void declare_more(OptionSet& options) override { options.flag("--plan", plan_, "say what it would do, with diffs; change nothing"); }
  RunResult carry_out(Runtime& runtime, const RunRequest& request, Observer& observer) override {
    return plan_ ? runtime.plan(request, observer) : runtime.run(request, observer);
  }
  bool is_real_run() const override { return !plan_; }

  bool plan_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_command() { return std::make_unique<RunCommand>(); }

}  // namespace playbook::cli
