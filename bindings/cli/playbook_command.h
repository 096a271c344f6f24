// What `run` and `check` share: they take a playbook, whose parameters are options too.
#pragma once

#include <optional>

#include "bindings/cli/command.h"

namespace playbook::cli {

class PlaybookCommand : public Command {
 public:
  void declare(OptionSet& options) override;
  bool takes_parameters() const override { return true; }
  ExitCode run(Runtime& runtime, Shell& shell) override;

 protected:
  /// Options of its own beside these.
  virtual void declare_more(OptionSet& options) = 0;
  virtual RunResult carry_out(Runtime& runtime, const RunRequest& request, Observer& observer) = 0;
  virtual bool is_real_run() const = 0;

 private:
  std::string playbook_;
  DecisionOptions decisions_;
};

}  // namespace playbook::cli
