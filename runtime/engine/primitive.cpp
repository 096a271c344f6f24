#include "runtime/engine/primitive.h"

#include <algorithm>
#include <cmath>

#include "runtime/base/error.h"
#include "runtime/base/secret.h"
#include "runtime/base/text.h"
#include "runtime/engine/context.h"

namespace playbook {
namespace {

[[noreturn]] void refuse(const Declaration& declaration, const std::string& message) {
  throw Error(Code::argument_invalid, declaration.name + ": " + message, "see `playbook doc " + declaration.name + "`");
}

// What a value is, in the words of `Type`, without showing it: it may be a secret that lost its way.
std::string kind_of(const Json& value) {
  if (value.is_boolean()) return "boolean";
  if (value.is_number_integer()) return "integer";
  if (value.is_number()) return "number " + value.dump();
  if (value.is_string()) return "string";
  if (value.is_array()) return "list";
  if (is_secret(value)) return "secret reference";
  return value.is_object() ? "map" : "nothing";
}

bool is_text(const Json& value) { return value.is_string() && value.get_ref<const std::string&>().find('\0') == std::string::npos; }

// 3.0 is an integer, 1.9 and 1e300 are not. Lua knows only doubles.
std::optional<Json> as_integer(const Json& value) {
  if (value.is_number_integer()) return value;
  constexpr double kExact = 9007199254740992.0;  // 2^53: above it neighbours cannot be told apart
  double number = value.is_number() ? value.get<double>() : NAN;
  if (std::trunc(number) != number || std::abs(number) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<Json> as_list(const Json& value) {
  if (value.is_array()) return value;
  return value.is_object() && value.empty() ? std::optional<Json>(Json::array()) : std::nullopt;  // an empty Lua table
}

std::optional<Json> as_strings(const Json& value) {
  std::optional<Json> list = as_list(value);
  if (!list || !std::all_of(list->begin(), list->end(), [](const Json& item) { return item.is_string(); })) return std::nullopt;
  return list;
}

// The value as its parameter wants it, or nothing when it is of another type.
std::optional<Json> converted(Type type, const Json& value) {
  auto when = [&](bool fits) { return fits ? std::optional<Json>(value) : std::nullopt; };
  switch (type) {
    case Type::any:
      return value;
    case Type::boolean:
      return when(value.is_boolean());
    case Type::number:
      return when(value.is_number());
    case Type::duration:
      return when(value.is_number() && value.get<double>() >= 0);
    case Type::integer:
      return as_integer(value);
    case Type::string:
      return when(value.is_string());
    case Type::path:
      return when(is_text(value) && !value.get_ref<const std::string&>().empty());
    case Type::secret:
      return when(value.is_string() || is_secret(value));
    case Type::list:
      return as_list(value);
    case Type::strings:
      return as_strings(value);
    case Type::map:
      if (value.is_array() && value.empty()) return Json::object();
      return when(value.is_object());
  }
  return std::nullopt;
}

std::string expected(Type type) {
  switch (type) {
    case Type::duration:
      return "duration in seconds, 0 or more";
    case Type::strings:
      return "list of strings";
    case Type::path:
      return "path";
    case Type::secret:
      return "string or secret reference";
    default:
      return std::string(to_string(type));
  }
}

std::string found(Type type, const Json& value) {
  if (type == Type::strings && value.is_array())
    for (size_t i = 0; i < value.size(); ++i)
      if (!value[i].is_string()) return kind_of(value[i]) + " at position " + std::to_string(i + 1);
  if (type == Type::duration && value.is_number()) return value.dump();
  if (type == Type::path && value.is_string())
    return value.get_ref<const std::string&>().empty() ? "an empty string" : "a string with a zero byte";
  return kind_of(value);
}

std::vector<std::string> names_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  return names;
}

bool is_word(std::string_view text) {
  return !text.empty() && text.front() >= 'a' && text.front() <= 'z' &&
         std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

void check_declaration(const Declaration& declaration) {
  size_t dot = declaration.name.find('.');
  std::string_view name = declaration.name;
  if (dot == std::string::npos || !is_word(name.substr(0, dot)) || !is_word(name.substr(dot + 1)))
    throw Error(Code::argument_invalid, "\"" + declaration.name + "\" is not a name for a primitive; expected module.verb in lower case");
  if (declaration.version < 1) refuse(declaration, "version must be 1 or more");
  if (trim(declaration.summary).empty()) refuse(declaration, "a primitive needs a summary");
  bool optional_seen = false;
  std::vector<std::string> seen;
  for (const Parameter& parameter : declaration.parameters) {
    if (!is_word(parameter.name)) refuse(declaration, "\"" + parameter.name + "\" is not a name for a parameter; expected lower case");
    if (std::count(seen.begin(), seen.end(), parameter.name)) refuse(declaration, "parameter \"" + parameter.name + "\" is declared twice");
    if (parameter.required && optional_seen)
      refuse(declaration, "required parameter \"" + parameter.name + "\" comes after an optional one");
    if (!parameter.fallback.is_null() && !converted(parameter.type, parameter.fallback))
      refuse(declaration, "the default of \"" + parameter.name + "\" must be " + expected(parameter.type));
    optional_seen = optional_seen || !parameter.required;
    seen.push_back(parameter.name);
  }
}

auto position(const std::vector<std::unique_ptr<Primitive>>& primitives, std::string_view name) {
  return std::lower_bound(primitives.begin(), primitives.end(), name,
                          [](const auto& primitive, std::string_view wanted) { return primitive->declaration().name < wanted; });
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::pure:
      return "pure";
    case Kind::read:
      return "read";
    case Kind::change:
      return "change";
  }
  return "";
}

std::string_view to_string(Type type) {
  constexpr std::string_view kNames[] = {"any",      "boolean", "number",  "integer", "string", "path",
                                         "duration", "list",    "strings", "map",     "secret"};
  return kNames[static_cast<size_t>(type)];
}

Planned Primitive::plan(Context&, const Json& args) {
  Planned planned;
  planned.text = declaration().name;
  for (const Parameter& parameter : declaration().parameters) {
    auto given = args.find(parameter.name);
    if (given == args.end() || *given == parameter.fallback) continue;
    bool hidden = parameter.type == Type::secret && given->is_string();
    planned.text += " " + parameter.name + "=" + (hidden ? "***" : is_secret(*given) ? secret_label(*given) : canonical(*given));
  }
  return planned;
}

void Primitive::undo(Context&, const Record& record) {
  if (undo_kind(record.args) == Undo::not_needed) return;
  throw Error(Code::unsupported, record.name + " cannot be undone", "restore by hand what it changed, then run `playbook settle`");
}

Probe Primitive::probe(Context&, const Record& record) {
  if (declaration().kind != Kind::change) return {Probe::State::not_done, nullptr, "", false};
  return {Probe::State::unknown, nullptr, record.name + " was started and its outcome was not recorded", false};
}

void Registry::add(std::unique_ptr<Primitive> primitive) {
  const Declaration& declaration = primitive->declaration();
  check_declaration(declaration);
  auto at = position(primitives_, declaration.name);
  if (at != primitives_.end() && (*at)->declaration().name == declaration.name)
    refuse(declaration, "a primitive of this name is already there");
  primitives_.insert(at, std::move(primitive));
}

Primitive* Registry::find(std::string_view name) const {
  auto at = position(primitives_, name);
  return at != primitives_.end() && (*at)->declaration().name == name ? at->get() : nullptr;
}

Primitive& Registry::at(std::string_view name) const {
  if (Primitive* primitive = find(name)) return *primitive;
  throw Error(Code::name_unknown, "there is no primitive \"" + to_utf8(name) + "\"" + did_you_mean(name, names()),
              "`playbook doc` lists them all");
}

std::vector<const Primitive*> Registry::all() const {
  std::vector<const Primitive*> list;
  for (const auto& primitive : primitives_) list.push_back(primitive.get());
  return list;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> list;
  for (const auto& primitive : primitives_) list.push_back(primitive->declaration().name);
  return list;
}

Json checked_arguments(const Declaration& declaration, const Json& given) {
  if (!given.is_null() && !given.is_object() && !(given.is_array() && given.empty()))
    refuse(declaration, "arguments must be a map by parameter name, found " + kind_of(given));
  const std::vector<std::string> names = names_of(declaration.parameters);
  if (given.is_object())
    for (const auto& [name, value] : given.items())
      if (std::find(names.begin(), names.end(), name) == names.end())
        refuse(declaration, "parameter \"" + to_utf8(name) + "\" does not exist" + did_you_mean(name, names));

  Json complete = Json::object();
  for (const Parameter& parameter : declaration.parameters) {
    bool present = given.is_object() && given.contains(parameter.name);
    bool counts = present && (!given[parameter.name].is_null() || (parameter.required && parameter.type == Type::any));
    if (!counts) {
      if (parameter.required) refuse(declaration, "parameter \"" + parameter.name + "\" is missing; expected " + expected(parameter.type));
      if (!parameter.fallback.is_null()) complete[parameter.name] = *converted(parameter.type, parameter.fallback);
      continue;
    }
    const Json& value = given[parameter.name];
    std::optional<Json> fitting = converted(parameter.type, value);
    if (!fitting)
      refuse(declaration,
             "parameter \"" + parameter.name + "\" must be " + expected(parameter.type) + ", found " + found(parameter.type, value));
    complete[parameter.name] = *std::move(fitting);
  }
  return complete;
}

}  // namespace playbook
