#include "bindings/cli/parameter_options.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "bindings/cli/host_options.h"
#include "bindings/cli/terminal.h"

namespace playbook::cli {
namespace {

using Repeat = OptionSet::Repeat;

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if constexpr (std::is_floating_point_v<Number>) {
    if (!std::isfinite(value)) return std::nullopt;
  }
  return value;
}

std::optional<bool> boolean(const std::string& text) {
  if (text == "true" || text == "yes" || text == "1") return true;
  if (text == "false" || text == "no" || text == "-1" || text == "0") return false;  // CLI11 counts a negated flag as -1
  return std::nullopt;
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string type_name(const PlaybookParameter& parameter) {
  if (parameter.type == "choice") {
    std::string text;
    for (const std::string& choice : parameter.choices) text += (text.empty() ? "" : "|") + choice;
    return text;
  }
  std::string text = parameter.type == "strings" ? "STRING" : parameter.type;
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string default_text(const PlaybookParameter& parameter) {
  const Json& value = parameter.fallback;
  if (value.is_string()) return value.get<std::string>();
  if (parameter.type == "duration" && value.is_number()) {
    return humane(std::chrono::milliseconds(static_cast<long long>(value.get<double>() * 1000)));
  }
  if (value.is_array()) {
    std::vector<std::string> words;
    for (const Json& item : value) words.push_back(item.is_string() ? item.get<std::string>() : item.dump());
    return quoted_list(words);
  }
  return value.dump();
}

bool is_option_name(const std::string& name) {
  return name.size() > 2 && name[2] != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", 2) == std::string::npos;
}

std::string parameter_help(const PlaybookParameter& parameter) {
  std::string text = parameter.help;
  std::vector<std::string> notes;
  if (parameter.required) notes.push_back("required");
  if (parameter.type == "strings") notes.push_back("may be given more than once");
  if (!parameter.fallback.is_null() && parameter.fallback != Json::array()) notes.push_back("default: " + default_text(parameter));
  for (const std::string& note : notes) text += (text.empty() ? "" : "; ") + note;
  return one_line(text);
}

}  // namespace

struct ParameterOptions::Option {
  PlaybookParameter parameter;
  std::vector<std::string> values;
};

std::string option_name(const PlaybookParameter& parameter) {
  std::string name = "--" + parameter.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

ParameterOptions::ParameterOptions(const Definition& definition, OptionSet& options) {
  options.group("Parameters of " + definition.name);
  const auto taken = options.names();
  for (const PlaybookParameter& parameter : definition.parameters) {
    auto refused = [&](const std::string& why, const std::string& hint) {
      return Error(Code::script_invalid, definition.name + ": parameter \"" + parameter.name + "\" " + why, hint);
    };
    auto option = std::make_unique<Option>(Option{parameter, {}});
    const std::string name = option_name(parameter), help = parameter_help(parameter);
    if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
      throw refused("has the name of the option " + name, "give the parameter another name");
    }
    if (!is_option_name(name)) throw refused("cannot be an option of the command", "name it with letters, digits and _");
    if (parameter.type == "boolean") {
      options.toggle(name, option->values, help);
    } else {
      options.values(name, option->values, type_name(parameter), help, parameter.type == "strings" ? Repeat::many : Repeat::once);
    }
    given_.push_back(std::move(option));
  }
}

ParameterOptions::~ParameterOptions() = default;

Json ParameterOptions::values(const std::filesystem::path& folder) const {
  Json values = Json::object();
  std::string missing;
  for (const auto& option : given_) {
    const PlaybookParameter& parameter = option->parameter;
    const std::vector<std::string>& given = option->values;
    if (given.empty()) {
      if (parameter.required)
        missing += "option " + option_name(parameter) + " is required" + (parameter.help.empty() ? "" : ": " + parameter.help) + "\n";
      continue;
    }
    if (parameter.type == "strings") {
      for (const std::string& text : given) values[parameter.name].push_back(to_utf8(text));
    } else {
      values[parameter.name] = parse_value(parameter, given.back(), folder);
    }
  }
  if (!missing.empty()) throw Error(Code::argument_invalid, missing.substr(0, missing.size() - 1));
  return values;
}

std::optional<double> parse_duration(const std::string& text) {
  static constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"", 1}};
  const size_t unit_at = text.find_first_not_of("0123456789.");
  const std::string_view unit = unit_at == std::string::npos ? std::string_view() : std::string_view(text).substr(unit_at);
  const auto amount = number<double>(std::string_view(text).substr(0, unit_at));
  for (const auto& [name, seconds] : kUnits) {
    if (amount && unit == name) return *amount * seconds;
  }
  return std::nullopt;
}

Json parse_value(const PlaybookParameter& parameter, const std::string& text, const std::filesystem::path& folder) {
  auto wrong = [&](const std::string& expected) {
    return Error(Code::argument_invalid, "option " + option_name(parameter) + ": \"" + one_line(to_utf8(text)) + "\" is not " + expected,
                 parameter.help);
  };
  if (parameter.type == "integer") {
    if (auto value = number<std::int64_t>(text)) return *value;
    throw wrong("a whole number");
  }
  if (parameter.type == "number") {
    if (auto value = number<double>(text)) return *value;
    throw wrong("a number");
  }
  if (parameter.type == "boolean") {
    if (auto value = boolean(text)) return *value;
    throw wrong("true or false");
  }
  if (parameter.type == "duration") {
    if (auto value = parse_duration(text)) return *value;
    throw wrong("a duration; write a number with ms, s, m or h, such as 90s");
  }
  if (parameter.type == "release") {
    if (Version::try_parse(text)) return text;
    throw wrong("a release, such as 1.2.3");
  }
  if (parameter.type == "choice") {
    if (std::find(parameter.choices.begin(), parameter.choices.end(), text) != parameter.choices.end()) return text;
    throw wrong("one of " + quoted_list(parameter.choices) + did_you_mean(text, parameter.choices));
  }
  if (parameter.type == "path") {
    if (text.empty()) throw wrong("a path");
    return to_utf8((folder / text).lexically_normal().string());
  }
  return to_utf8(text);
}

}  // namespace playbook::cli
