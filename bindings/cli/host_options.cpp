#include "bindings/cli/host_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>

#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

Error wrong(const std::string& message, const std::string& hint = "") { return {Code::argument_invalid, message, hint}; }

std::vector<std::string> dashed(const CLI::App& app) {
  std::vector<std::string> names;
  for (const std::string& name : option_names(app)) names.push_back("--" + name);
  return names;
}

// CLI11's own words for a mistake differ between its versions; these do not.
Error translated(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const CLI::Option* guilty = nullptr;
  for (const CLI::Option* option : app.get_options()) {
    if (text.find(option->get_name()) == std::string::npos) continue;
    if (!guilty || option->get_name().size() > guilty->get_name().size()) guilty = option;
  }
  if (!guilty) return wrong(text);
  if (guilty->get_items_expected_max() == 0) return wrong("option " + guilty->get_name() + " takes no value");
  if (guilty->count() > 1) return wrong("option " + guilty->get_name() + " is given more than once");
  return wrong("option " + guilty->get_name() + " needs a value");
}

void refuse_unknown(const CLI::App& app) {
  const auto unknown = app.remaining();
  if (unknown.empty()) return;
  const std::string help = "`" + app.get_name() + " --help` shows what it takes";
  for (const std::string& word : unknown) {  // an unknown option drags its value along; name the option
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string given = one_line(word.substr(0, word.find('=')));
    throw wrong("option " + given + " does not exist" + did_you_mean(given, dashed(app)), help);
  }
  throw wrong("\"" + one_line(unknown.front()) + "\" is one argument too many", help);
}

// `--to --plan`: CLI11 would take --plan as the value.
void refuse_options_as_values(const CLI::App& app) {
  const auto names = dashed(app);
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() == 0) continue;
    for (const std::string& value : option->results()) {
      if (std::find(names.begin(), names.end(), value) != names.end()) throw wrong("option " + option->get_name() + " needs a value");
    }
  }
}

}  // namespace

void HostOptions::declare(CLI::App& app) {
  app.set_help_flag();
  app.add_option("-C", instance, "the instance (default: the playbook's folder when an instance is there, else the current one)")
      ->type_name("DIR");
  app.add_option("--state", state, "folder of the journal and the runs (default: DIR/.playbook)")->type_name("DIR");
  app.add_option("--library", library, "folder that holds stdlib/ and playbooks/")->type_name("DIR")->group("");
  app.add_flag("--help,-h", help, "this text");
}

void OutputOptions::declare_json(CLI::App& app) { app.add_flag("--json", json, "JSON instead of text"); }

void OutputOptions::declare(CLI::App& app) {
  app.add_flag("--json", json, "one JSON event a line instead of text");
  app.add_option("--on-event", on_event, "run by /bin/sh for each event, with its JSON on standard input")->type_name("COMMAND");
}

void DecisionOptions::declare(CLI::App& app) {
  app.add_flag("--yes", yes, "answer yes to every question that the playbook asks");
  app.add_flag("--hold", hold, "stop before the downtime; `playbook resume` goes on");
  app.add_option("--not-after", not_after, "do not begin the downtime later than this: 04:00, 2026-11-21T04:00:00Z")->type_name("TIME");
  app.add_option("--accept", accept, "dangers that you accept, by name: breaking,one-way")->type_name("LIST")->delimiter(',')->take_all();
  app.add_option("--override", overrides, "go on although this gate refuses; needs --reason")
      ->type_name("GATE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--reason", reasons, "why the gate is overridden; written down")->type_name("TEXT")->take_all()->allow_extra_args(false);
}

Decisions DecisionOptions::decisions(Utc now) const {
  Decisions decisions;
  decisions.yes = yes;
  decisions.hold = hold;
  decisions.accept = accept;
  if (!not_after.empty()) decisions.not_after = parse_not_after(not_after, now);
  if (reasons.size() > overrides.size()) throw wrong("a --reason has no --override", "write --override GATE --reason TEXT");
  for (size_t i = 0; i < overrides.size(); ++i) {
    if (i >= reasons.size() || trim(reasons[i]).empty()) {
      throw wrong("gate \"" + one_line(overrides[i]) + "\" is overridden without a reason",
                  "write --override GATE --reason TEXT for each gate");
    }
    decisions.overrides[overrides[i]] = reasons[i];
  }
  return decisions;
}

Utc parse_not_after(const std::string& text, Utc now) {
  int hour = 0, minute = 0, end = 0;
  const bool of_day = std::sscanf(text.c_str(), "%2d:%2d%n", &hour, &minute, &end) == 2 && static_cast<size_t>(end) == text.size();
  if (of_day && hour >= 0 && hour < 24 && minute >= 0 && minute < 60) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm local{};
    localtime_r(&seconds, &local);
    for (int days = 0; days <= 2; ++days) {  // two, because a clock change can leave a time of day out
      std::tm then = local;
      then.tm_mday += days;
      then.tm_hour = hour;
      then.tm_min = minute;
      then.tm_sec = 0;
      then.tm_isdst = -1;
      const Utc time = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::from_time_t(std::mktime(&then)));
      if (time > now) return time;
    }
  }
  try {
    if (!of_day) return parse_iso(text);
  } catch (const Error&) {
  }
  throw wrong("option --not-after: \"" + one_line(text) + "\" is not a time; write 04:00 or 2026-11-21T04:00:00Z");
}

void parse_options(CLI::App& app, const std::vector<std::string>& arguments, bool keep_unknown) {
  app.allow_extras();
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // what CLI11 expects
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw translated(app, error);
  }
  refuse_options_as_values(app);
  if (!keep_unknown) refuse_unknown(app);
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

}  // namespace playbook::cli
