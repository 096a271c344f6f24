// Documentation made from the declarations: the editor stub, and the reference text of `playbook doc`.
#include <algorithm>
#include <array>

#include "bindings/lua/prelude.h"
#include "bindings/lua/program.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr std::array kKeywords{"and", "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
                               "in",  "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while"};

std::string module_of(const Declaration& declaration) { return declaration.name.substr(0, declaration.name.find('.')); }

std::string lua_name(const std::string& name) {
  return std::find(kKeywords.begin(), kKeywords.end(), name) == kKeywords.end() ? name : name + "_";
}

std::string lua_type(Type type) {
  switch (type) {
    case Type::path:
      return "string";
    case Type::duration:
      return "number";
    case Type::list:
      return "any[]";
    case Type::strings:
      return "string[]";
    case Type::map:
      return "table<string, any>";
    case Type::secret:
      return "string|playbook.Secret";
    default:
      return std::string(to_string(type));
  }
}

/// `dotenv.set(file, key, value, options)`, or with the names of the options spelt out.
std::string call_of(const Declaration& declaration, bool spelt_out) {
  std::vector<std::string> parts, options;
  for (const Parameter& parameter : declaration.parameters) (parameter.required ? parts : options).push_back(lua_name(parameter.name));
  if (!options.empty()) parts.push_back(spelt_out ? "{ " + join(options, ", ") + " }" : "options");
  return declaration.name + "(" + join(parts, ", ") + ")";
}

std::string fallback_of(const Parameter& parameter) {
  return parameter.fallback.is_null() ? "" : " (" + canonical(parameter.fallback) + " when not given)";
}

std::string options_class(const Declaration& declaration) {
  std::string fields;
  for (const Parameter& parameter : declaration.parameters)
    if (!parameter.required)
      fields += "---@field " + parameter.name + "? " + lua_type(parameter.type) + " " + parameter.help + fallback_of(parameter) + "\n";
  return fields.empty() ? "" : "---@class playbook." + declaration.name + ".options\n" + fields + "\n";
}

std::string stub_of(const Declaration& declaration) {
  std::string text = options_class(declaration) + "--- " + declaration.summary + "\n";
  if (!declaration.errors.empty()) text += "--- Raises `" + join(declaration.errors, "`, `") + "`.\n";
  if (!declaration.example.empty()) text += "---\n---     " + declaration.example + "\n";
  bool options = false;
  for (const Parameter& parameter : declaration.parameters) {
    options |= !parameter.required;
    if (parameter.required) text += "---@param " + lua_name(parameter.name) + " " + lua_type(parameter.type) + " " + parameter.help + "\n";
  }
  if (options) text += "---@param options? playbook." + declaration.name + ".options\n";
  if (!declaration.returns.empty()) {
    text += "---@return " + declaration.returns + (declaration.returns_help.empty() ? "" : " # " + declaration.returns_help) + "\n";
    if (declaration.kind != Kind::change) text += "---@nodiscard\n";
  }
  return text + "function " + call_of(declaration, false) + " end\n";
}

std::string_view prelude_stub() {
  for (const lua::PreludeFile& file : lua::prelude_files())
    if (file.name == "stubs/prelude") return file.text;
  throw Error(Code::internal, "the stub of the prelude is not there");
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

std::string parameters_text(const Declaration& declaration) {
  size_t names = 0, types = 0;
  for (const Parameter& parameter : declaration.parameters) {
    names = std::max(names, parameter.name.size());
    types = std::max(types, to_string(parameter.type).size());
  }
  std::string text;
  for (const Parameter& parameter : declaration.parameters)
    text += "  " + padded(parameter.name, names) + "  " + padded(std::string(to_string(parameter.type)), types) + "  " +
            (parameter.required ? "" : "optional: ") + parameter.help + fallback_of(parameter) + "\n";
  return text;
}

std::string_view kind_text(Kind kind) {
  switch (kind) {
    case Kind::pure:
      return "pure: computed, not recorded";
    case Kind::read:
      return "read: asks the world once, and is recorded";
    case Kind::change:
      return "change: recorded before and after";
  }
  return "";
}

std::string reference_of(const Declaration& declaration) {
  std::string text = call_of(declaration, true) + "\n  " + declaration.summary + "\n";
  if (!declaration.parameters.empty()) text += "\n" + parameters_text(declaration);
  text += "\n";
  if (!declaration.returns.empty())
    text += "  returns  " + declaration.returns + (declaration.returns_help.empty() ? "" : ": " + declaration.returns_help) + "\n";
  if (!declaration.errors.empty()) text += "  raises   " + join(declaration.errors, ", ") + "\n";
  text += "  kind     " + std::string(kind_text(declaration.kind)) + "\n";
  if (!declaration.example.empty()) text += "\n  " + declaration.example + "\n";
  return text;
}

/// One documented name of the prelude: `step`, `playbook.define`, `gate`.
struct Entry {
  std::string name, call, text;
};

std::string_view without(std::string_view line, std::string_view prefix) { return line.substr(prefix.size()); }

/// `---@param title string what` as `title  string what`; other annotations are for editors alone.
std::string annotation_text(std::string_view line) {
  for (std::string_view tag : {"---@param ", "---@return ", "---@field "})
    if (line.starts_with(tag)) return "  " + std::string(tag == "---@return " ? "returns " : "") + std::string(without(line, tag)) + "\n";
  return "";
}

std::vector<Entry> prelude_entries() {
  std::vector<Entry> entries;
  std::string text;
  for (const std::string& line : split(prelude_stub(), '\n')) {
    if (line.starts_with("---@")) {
      text += annotation_text(line);
    } else if (line.starts_with("---")) {
      text += "  " + std::string(line.starts_with("--- ") ? without(line, "--- ") : "") + "\n";
    } else {
      std::string call = line.starts_with("function ") ? line.substr(9, line.rfind(" end") - 9)
                         : line.ends_with(" = {}")     ? line.substr(0, line.size() - 5)
                                                       : "";
      std::string name = call.substr(0, call.find('('));
      if (!text.empty() && !name.empty() && !name.starts_with("local ") && !name.starts_with("Definition"))
        entries.push_back({name, call, text});
      text.clear();
    }
  }
  return entries;
}

}  // namespace

std::string lua_stubs(const Registry& primitives) {
  std::string text(prelude_stub()), module;
  for (const Primitive* primitive : primitives.all()) {
    const Declaration& declaration = primitive->declaration();
    if (module_of(declaration) != module) {
      module = module_of(declaration);
      text += "\n" + module + " = {}\n";
    }
    text += "\n" + stub_of(declaration);
  }
  return text;
}

std::string lua_reference(const Registry& primitives, const std::string& name) {
  if (const Primitive* primitive = primitives.find(name)) return reference_of(primitive->declaration());
  std::vector<std::string> known;
  std::string text;
  auto consider = [&](const std::string& full, const std::string& reference) {
    known.push_back(full);
    known.push_back(full.substr(0, full.find('.')));
    if (full == name || full.starts_with(name + ".")) text += (text.empty() ? "" : "\n") + reference;
  };
  for (const Entry& entry : prelude_entries()) consider(entry.name, entry.call + "\n" + entry.text);
  for (const Primitive* primitive : primitives.all()) consider(primitive->declaration().name, reference_of(primitive->declaration()));
  if (!text.empty()) return text;
  throw Error(Code::name_unknown, "there is no primitive or module \"" + to_utf8(name) + "\"" + did_you_mean(name, known),
              "`playbook doc` lists them all");
}

}  // namespace playbook
