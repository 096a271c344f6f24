// playbook keys verify [--backup SET]: do the keys open the secrets that are stored? Exit 0 where all that was tried opens, else 3.
// playbook keys repair --key WHERE...: finds the one that does, and puts it where the application reads it; the work is keys/repair's.

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

std::string place_table(const Json& scheme) {
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

// `[NAME=]FILE` and `[NAME=]KIND:FILE:MEMBER` are of the folder in which a person types them. What names no file is not repeated: it may
// be a key.
std::string offered(const std::string& text) {
  const size_t equals = text.find('='), named = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == equals ? equals + 1 : 0;
  const std::string name = equals == std::string::npos ? "" : text.substr(0, named), place = text.substr(name.size());
  if (place.starts_with("env:")) return text;
  std::string kind, path = place, member;
  for (const char* one : {"dotenv:", "json:", "docker_env:"})
    if (size_t last = place.rfind(':'); place.starts_with(one) && last >= std::string_view(one).size())
      kind = one, path = place.substr(kind.size(), last - kind.size()), member = place.substr(last);
  const std::filesystem::path file = (std::filesystem::current_path() / path).lexically_normal();
  if (path.empty() || !std::filesystem::is_regular_file(file))
    throw Error(
        Code::argument_invalid, "--key: there is no such file",
        "write where the key stands: FILE, env:VARIABLE, dotenv:FILE:NAME, json:FILE:NAME or docker_env:FILE:NAME; never the key itself");
  return name + kind + file.string() + member;
}

class KeysCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("verb", order_);
    options.value("--backup", backup_, "SET", "try what a backup set holds, restored beside in scratch, instead of what is live");
    options.value("--identity", identity_, "FILE", "of age: the file with a key that opens an encrypted set");
    options.values("--key", keys_, "WHERE",
                   "repair: a key that may fit, as [NAME=]FILE, env:VARIABLE, or dotenv|json|docker_env:FILE:NAME; never the key itself",
                   OptionSet::Repeat::many);
    options.flag("--plan", plan_, "repair: say what it would do; change nothing");
    options.values("--files", files_, "FILE", "compose files, where they are not the default ones", OptionSet::Repeat::many);
    decisions_.declare(options);
    output_.declare(options);
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (order_ != "verify" && order_ != "repair")
      throw Error(Code::argument_invalid, order_.empty() ? "keys: what is to be done is missing" : "keys: cannot " + order_,
                  "write playbook keys verify, or playbook keys repair --key FILE");
    if (order_ == "verify" ? !keys_.empty() || plan_ : !backup_.empty() || !identity_.empty())
      throw Error(Code::argument_invalid, "keys " + order_ + ": there is an option that belongs to the other one",
                  "--backup and --identity go with keys verify; --key and --plan go with keys repair");
    RunRequest request;
    request.playbook = "keys/" + order_;
    request.instance = find_instance(runtime, host_.instance, "");
    if (!files_.empty()) request.params["files"] = files_;
    return order_ == "verify" ? verify(runtime, shell, request) : repair(runtime, shell, request);
  }

  ExitCode verify(Runtime& runtime, Shell& shell, RunRequest& request) const {
    print_instance(shell, request.instance, output_.json);
    QuietView view(shell.err);
    if (!backup_.empty()) request.params["backup"] = backup_;
    if (!identity_.empty()) request.params["identity"] = (std::filesystem::current_path() / identity_).lexically_normal().string();
    const RunResult result = runtime.read(request, view);
    if (result.error) return report_failure(shell, result, output_.json);
    if (output_.json)
      shell.out << json_line(result.value) << "\n";
    else
      for (const Json& scheme : result.value.at("schemes")) {
        shell.out << scheme.at("verdict").get<std::string>() << "  " << scheme.at("text").get<std::string>() << "\n";
        if (!scheme.at("places").empty()) shell.out << place_table(scheme);
      }
    return result.value.at("verdict") == "match" ? kReached : kRefused;
  }

  ExitCode repair(Runtime& runtime, Shell& shell, RunRequest& request) const {
    if (keys_.empty()) throw Error(Code::argument_invalid, "keys repair: no key is offered", "write --key FILE for each that may fit");
    for (const std::string& key : keys_) request.params["keys"].push_back(offered(key));
    request.decisions = decisions_.decisions(Clock().utc());
    print_instance(shell, request.instance, output_.json);
    return conduct(runtime, shell, {request.instance, output_, !plan_},
                   [&](Observer& observer) { return plan_ ? runtime.plan(request, observer) : runtime.run(request, observer); });
  }

  std::string order_, backup_, identity_;
  std::vector<std::string> files_, keys_;
  bool plan_ = false;
  DecisionOptions decisions_;
};

}  // namespace

std::unique_ptr<Command> make_keys_command() { return std::make_unique<KeysCommand>(); }

}  // namespace playbook::cli
