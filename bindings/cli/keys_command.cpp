// playbook keys verify [--backup SET]: do the keys open the secrets that are stored? Exit 0 where all that was tried opens, else 3.
#include <cstdio>

#include "bindings/cli/command.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/quiet_view.h"

namespace playbook::cli {
namespace {

constexpr size_t kPlaceWidth = 52;

std::string table_line(const std::string& place, const std::vector<std::string>& cells) {
  std::string line = place + std::string(place.size() < kPlaceWidth ? kPlaceWidth - place.size() : 1, ' ');
  for (const std::string& cell : cells) line += std::string(cell.size() < 9 ? 9 - cell.size() : 1, ' ') + cell;
  return line + "\n";
}

std::string table(const Json& scheme) {
  std::string text = table_line("  stored in", {"values", "open", "fail", "no key", "other"});
  for (const Json& place : scheme.at("places")) {
    std::vector<std::string> cells;
    for (const char* count : {"values", "opened", "failed", "unknown_key"}) cells.push_back(place.at(count).dump());
    std::uint64_t other = 0;
    for (const char* count : {"malformed", "plain", "empty"}) other += place.at(count).get<std::uint64_t>();
    cells.push_back(std::to_string(other));
    text += table_line("  " + place.at("place").get<std::string>(), cells);
  }
  return text;
}

class KeysCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("verify", order_);
    options.value("--backup", backup_, "SET", "try what a backup set holds, restored beside in scratch, instead of what is live");
    options.values("--files", files_, "FILE", "compose files, where they are not the default ones", OptionSet::Repeat::many);
    output_.declare_json(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (order_ != "verify")
      throw Error(Code::argument_invalid, order_.empty() ? "keys: what is to be done is missing" : "keys: cannot " + order_,
                  "write playbook keys verify");
    const auto instance = find_instance(runtime, host_.instance, "");
    print_instance(shell, instance, output_.json);
    QuietView view(shell.err);
    RunRequest request;
    request.playbook = "keys/verify";
    request.instance = instance;
    if (!backup_.empty()) request.params["backup"] = backup_;
    if (!files_.empty()) request.params["files"] = files_;
    const RunResult result = runtime.read(request, view);
    if (result.error) return report_failure(shell, result, output_.json);
    if (output_.json)
      shell.out << json_line(result.value) << "\n";
    else
      for (const Json& scheme : result.value.at("schemes")) {
        shell.out << scheme.at("verdict").get<std::string>() << "  " << scheme.at("text").get<std::string>() << "\n";
        if (!scheme.at("places").empty()) shell.out << table(scheme);
      }
    return result.value.at("verdict") == "match" ? kReached : kRefused;
  }

  std::string order_, backup_;
  std::vector<std::string> files_;
};

}  // namespace

std::unique_ptr<Command> make_keys_command() { return std::make_unique<KeysCommand>(); }

}  // namespace playbook::cli
