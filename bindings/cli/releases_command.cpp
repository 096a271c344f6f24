// playbook releases [DIR]: the releases that an application could be upgraded to, and what `latest` is today. The work is release/list's.
#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/quiet_view.h"
#include "bindings/cli/value_text.h"

namespace playbook::cli {
namespace {

class ReleasesCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("dir", folder_);
    options.flag("--all", all_, "older releases than the present one too");
    options.values("--files", files_, "FILE", "compose files, where they are not the default ones", OptionSet::Repeat::many);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (!folder_.empty() && !host_.instance.empty()) throw Error(Code::argument_invalid, "the instance is given twice: DIR and -C");
    RunRequest request;
    request.playbook = "release/list";
    request.instance = find_instance(runtime, folder_.empty() ? host_.instance : folder_, "");
    if (all_) request.params["all"] = true;
    if (!files_.empty()) request.params["files"] = files_;
    print_instance(shell, request.instance, output_.json);
    QuietView view(shell.err);
    const RunResult result = runtime.read(request, view);
    if (result.error) return report_failure(shell, result, output_.json);
    shell.out << (output_.json ? json_line(result.value) + "\n" : value_text(result.value));
    return result.exit;
  }

  std::string folder_;
  bool all_ = false;
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<Command> make_releases_command() { return std::make_unique<ReleasesCommand>(); }

}  // namespace playbook::cli
