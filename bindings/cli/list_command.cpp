// playbook list: the shipped playbooks.
#include "bindings/cli/command.h"
#include "bindings/cli/plain_view.h"

namespace playbook::cli {
namespace {

class ListCommand : public Command {
  void declare(OptionSet& options) override {
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (const PlaybookInfo& info : runtime.playbooks()) {
      Json item{{"name", info.name}, {"file", info.file}, {"summary", info.summary}};
      if (!info.error.empty()) item["error"] = info.error;
      list.push_back(std::move(item));
      rows.push_back({info.name, one_line(info.error.empty() ? info.summary : "DOES NOT LOAD: " + info.error)});
    }
    shell.out << (output_.json ? json_line(list) + "\n" : table(rows));
    return kReached;
  }
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace playbook::cli
