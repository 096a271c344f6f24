// playbook backup VERB [SET]: the shipped playbook backup/VERB, whose first required parameter goes by place and whose others are options.
// What only reads needs no run, and so works while one is unfinished; all else is journaled as a run.
#include <algorithm>

#include "bindings/cli/backup_text.h"
#include "bindings/cli/command.h"
#include "bindings/cli/command_line.h"
#include "bindings/cli/conduct.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/parameter_options.h"
#include "bindings/cli/plain_view.h"
#include "bindings/cli/quiet_view.h"

namespace playbook::cli {
namespace {

constexpr std::string_view kFamily = "backup/";

// A verb that makes no run, and how its value reads.
struct Reader {
  const char* verb;
  std::string (*text)(const Json& value);
};
constexpr Reader kReaders[] = {{"list", set_list_text}, {"verify", verified_set_text}};

std::vector<PlaybookInfo> verbs(const Runtime& runtime) {
  std::vector<PlaybookInfo> all = runtime.playbooks();
  std::erase_if(all, [](const PlaybookInfo& info) { return info.name.rfind(kFamily, 0) != 0; });
  for (PlaybookInfo& info : all) info.name.erase(0, kFamily.size());
  return all;
}

/// Takes the parameter that goes by place out of the definition, if there is one.
std::optional<PlaybookParameter> take_subject(Definition& definition) {
  auto first = definition.parameters.begin();
  if (first == definition.parameters.end() || !first->required) return std::nullopt;
  PlaybookParameter subject = *first;
  definition.parameters.erase(first);
  return subject;
}

class BackupCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("verb", verb_);
    options.word("subject", subject_);
    options.flag("--plan", plan_, "say what it would do; change nothing");
    decisions_.declare(options);
    output_.declare(options);
    host_.declare(options);
  }
  bool takes_parameters() const override { return true; }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (verb_.empty() && host_.help) {
      shell.out << overview(runtime);
      return kReached;
    }
    const std::string verb = known_verb(runtime);
    const auto instance = find_instance(runtime, host_.instance, "");
    RunRequest request;
    request.playbook = std::string(kFamily) + verb;
    request.instance = instance;
    Definition definition = runtime.define(request.playbook, instance);
    const std::optional<PlaybookParameter> subject = take_subject(definition);
    OptionSet options("playbook backup " + verb);  // anew, with the parameters
    declare(options);
    const ParameterOptions parameters(definition, options);
    if (host_.help) {
      shell.out << "playbook backup " << verb << (subject ? " " + upper(subject->name) : "") << "\n"
                << one_line(definition.summary) << "\n\n"
                << options.help();
      return kReached;
    }
    decisions_ = {};
    subject_.clear();
    options.parse(shell.arguments, false);
    request.params = parameters.values(std::filesystem::current_path());
    if (subject) request.params[subject->name] = subject_value(*subject, verb);
    if (!subject && !subject_.empty())
      throw Error(Code::argument_invalid, "\"" + one_line(to_utf8(subject_)) + "\" is one argument too many");
    request.decisions = decisions_.decisions(Clock().utc());
    print_instance(shell, instance, output_.json);
    for (const Reader& reader : kReaders)
      if (verb == reader.verb) return read(runtime, shell, request, reader);
    return conduct(runtime, shell, {instance, output_, !plan_},
                   [&](Observer& observer) { return plan_ ? runtime.plan(request, observer) : runtime.run(request, observer); });
  }

  ExitCode read(Runtime& runtime, Shell& shell, const RunRequest& request, const Reader& reader) const {
    QuietView view(shell.err);
    const RunResult result = runtime.read(request, view);
    if (result.error) return report_failure(shell, result, output_.json);
    shell.out << (output_.json ? json_line(result.value) + "\n" : reader.text(result.value));
    return result.exit;
  }

  static std::string overview(const Runtime& runtime) {
    std::vector<std::vector<std::string>> rows;
    for (const PlaybookInfo& info : verbs(runtime)) rows.push_back({"playbook backup " + info.name, one_line(info.summary)});
    return "playbook backup VERB [SET]\n\n" + table(rows, "  ") + "\n`playbook backup VERB --help` shows the options of a verb.\n";
  }

  std::string known_verb(const Runtime& runtime) const {
    std::vector<std::string> names;
    for (const PlaybookInfo& info : verbs(runtime)) names.push_back(info.name);
    if (std::find(names.begin(), names.end(), verb_) != names.end()) return verb_;
    if (verb_.empty()) throw Error(Code::argument_invalid, "no verb is named; it is one of " + join(names, ", "));
    throw Error(Code::argument_invalid, "there is no verb \"" + one_line(to_utf8(verb_)) + "\"" + did_you_mean(verb_, names),
                "`playbook backup --help` lists the verbs");
  }

  // A bare name is one of the instance's own sets, an address goes as it is; other paths are of the folder in which a person types them.
  Json subject_value(const PlaybookParameter& parameter, const std::string& verb) const {
    const std::string name = upper(parameter.name);
    if (subject_.empty())
      throw Error(Code::argument_invalid, name + " is missing: " + parameter.help,
                  "write playbook backup " + verb + " " + name + "; `playbook backup list` shows the sets");
    const bool path = parameter.type == "path" || (subject_.find('/') != std::string::npos && subject_.rfind("rclone:", 0) != 0);
    return path ? (std::filesystem::current_path() / subject_).lexically_normal().string() : subject_;
  }

  static std::string upper(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return text;
  }

  std::string verb_, subject_;
  bool plan_ = false;
  DecisionOptions decisions_;
};

}  // namespace

std::unique_ptr<Command> make_backup_command() { return std::make_unique<BackupCommand>(); }

}  // namespace playbook::cli
