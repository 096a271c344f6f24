#include "bindings/cli/option_set.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "bindings/api/playbook.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

// `-h, --help`
std::string spelled(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return join(names, ", ");
}

// CLI11's own words for a mistake differ between its versions; these do not.
Error translated(const CLI::App& app, const CLI::ParseError& error) {
  const std::string text = error.what();
  const CLI::Option* guilty = nullptr;
  for (const CLI::Option* option : app.get_options()) {
    if (text.find(option->get_name()) == std::string::npos) continue;
    if (!guilty || option->get_name().size() > guilty->get_name().size()) guilty = option;
  }
  if (!guilty) return usage_error(text);
  if (!takes_value(*guilty)) return usage_error("option " + guilty->get_name() + " takes no value");
  if (guilty->count() > 1) return usage_error("option " + guilty->get_name() + " is given more than once");
  return usage_error("option " + guilty->get_name() + " needs a value");
}

}  // namespace

Error usage_error(const std::string& message, const std::string& hint) { return {Code::argument_invalid, message, hint}; }

struct OptionSet::State {
  CLI::App app;
  std::string group = "Options";
  std::vector<std::string> groups{"Options"};  // in the order of their first option

  void place(CLI::Option* option, const std::string& type) {
    option->group(group);
    if (!type.empty()) option->type_name(type);
    if (std::find(groups.begin(), groups.end(), group) == groups.end()) groups.push_back(group);
  }

  void refuse_unknown(const std::vector<std::string>& names) const {
    const auto unknown = app.remaining();
    if (unknown.empty()) return;
    const std::string help = "`" + app.get_name() + " --help` shows what it takes";
    for (const std::string& word : unknown) {  // an unknown option drags its value along; name the option
      if (word.size() < 2 || word[0] != '-') continue;
      const std::string given = one_line(to_utf8(word.substr(0, word.find('='))));
      throw usage_error("option " + given + " does not exist" + did_you_mean(given, names), help);
    }
    throw usage_error("\"" + one_line(to_utf8(unknown.front())) + "\" is one argument too many", help);
  }

  // `--to --plan`: CLI11 would take --plan as the value.
  void refuse_options_as_values(const std::vector<std::string>& names) const {
    for (const CLI::Option* option : app.get_options()) {
      if (!takes_value(*option)) continue;
      for (const std::string& value : option->results()) {
        if (std::find(names.begin(), names.end(), value) != names.end())
          throw usage_error("option " + option->get_name() + " needs a value");
      }
    }
  }
};

OptionSet::OptionSet(const std::string& command) : state_(std::make_unique<State>()) {
  state_->app.name(command);
  state_->app.set_help_flag();
  state_->app.allow_extras();
}

OptionSet::~OptionSet() = default;

void OptionSet::group(const std::string& title) { state_->group = title; }

void OptionSet::word(const std::string& name, std::string& into) { state_->app.add_option(name, into); }

void OptionSet::flag(const std::string& name, bool& into, const std::string& help) {
  state_->place(state_->app.add_flag(name, into, help), "");
}

void OptionSet::toggle(const std::string& name, std::vector<std::string>& into, const std::string& help) {
  const std::string negated = "--no-" + name.substr(2);
  const auto taken = names();
  if (std::find(taken.begin(), taken.end(), negated) != taken.end()) throw usage_error("option " + negated + " exists already");
  state_->place(state_->app.add_flag(name + ",!" + negated, into, help), "");
}

void OptionSet::value(const std::string& name, std::string& into, const std::string& type, const std::string& help) {
  state_->place(state_->app.add_option(name, into, help), type);
}

void OptionSet::values(const std::string& name, std::vector<std::string>& into, const std::string& type, const std::string& help,
                       Repeat repeat) {
  CLI::Option* option = state_->app.add_option(name, into, help);
  option->allow_extra_args(false);
  if (repeat == Repeat::once)
    option->expected(1);
  else
    option->take_all();
  if (repeat == Repeat::commas) option->delimiter(',');
  state_->place(option, type);
}

void OptionSet::parse(const std::vector<std::string>& arguments, bool keep_unknown) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // what CLI11 expects
  try {
    state_->app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    throw translated(state_->app, error);
  }
  state_->refuse_options_as_values(names());
  if (!keep_unknown) state_->refuse_unknown(names());
}

std::vector<std::string> OptionSet::names() const {
  std::vector<std::string> names;
  for (const CLI::Option* option : state_->app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string OptionSet::help() const {
  std::string text;
  for (auto group = state_->groups.rbegin(); group != state_->groups.rend(); ++group) {
    std::vector<std::vector<std::string>> rows;
    for (const CLI::Option* option : state_->app.get_options()) {
      if (option->get_group() != *group || !option->nonpositional()) continue;
      rows.push_back({spelled(*option) + (takes_value(*option) ? " " + option->get_type_name() : ""), option->get_description()});
    }
    if (!group->empty() && !rows.empty()) text += (text.empty() ? "" : "\n") + *group + ":\n" + table(rows, "  ");
  }
  return text;
}

}  // namespace playbook::cli
