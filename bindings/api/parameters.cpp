#include "bindings/api/parameters.h"

#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/base/version.h"

namespace playbook {
namespace {

// What is wrong with the value, or "".
std::string complaint(const PlaybookParameter& parameter, const Json& value) {
  const std::string& type = parameter.type;
  auto expected = [&](const std::string& what) { return "expected " + what + ", found " + value.dump(); };
  if (type == "boolean") return value.is_boolean() ? "" : expected("true or false");
  if (type == "integer") return value.is_number_integer() ? "" : expected("a whole number");
  if (type == "number") return value.is_number() ? "" : expected("a number");
  if (type == "duration") return value.is_number() && value.get<double>() >= 0 ? "" : expected("a number of seconds");
  if (type == "strings") {
    bool all = value.is_array() && std::all_of(value.begin(), value.end(), [](const Json& one) { return one.is_string(); });
    return all ? "" : expected("a list of strings");
  }
  if (!value.is_string()) return expected("text");
  std::string text = value;
  if (type == "release" && !Version::try_parse(text))
    return "\"" + text + "\" is not a release; expected one such as 1.4.0, without a floating tag";
  if (type == "choice" && std::find(parameter.choices.begin(), parameter.choices.end(), text) == parameter.choices.end())
    return "\"" + text + "\" is none of " + join(parameter.choices, ", ") + did_you_mean(text, parameter.choices);
  return "";
}

}  // namespace

Json checked_parameters(const Definition& definition, const Json& given) {
  std::vector<std::string> names;
  for (const PlaybookParameter& parameter : definition.parameters) names.push_back(parameter.name);
  for (const auto& [name, value] : given.items())
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw Error(Code::argument_invalid, definition.name + " has no parameter \"" + name + "\"" + did_you_mean(name, names),
                  "`playbook doc " + definition.name + "` lists them");
  Json all = Json::object();
  for (const PlaybookParameter& parameter : definition.parameters) {
    Json value = get_or<Json>(given, parameter.name.c_str(), parameter.fallback);
    if (value.is_null()) {
      if (!parameter.required) continue;
      throw Error(Code::argument_invalid,
                  definition.name + " needs --" + parameter.name + (parameter.help.empty() ? "" : " (" + parameter.help + ")"),
                  "`playbook doc " + definition.name + "` lists its parameters");
    }
    if (std::string wrong = complaint(parameter, value); !wrong.empty())
      throw Error(Code::argument_invalid, "--" + parameter.name + ": " + wrong);
    all[parameter.name] = std::move(value);
  }
  return all;
}

}  // namespace playbook
