#include "runtime/pin/compose_image.h"

#include <algorithm>
#include <regex>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr int kDeepest = 20;  // services that extend services

struct InFile {
  size_t node;
  std::string place;
};

const Yaml::Node& node_of(const Yaml& file, const Yaml::Found& found) { return file.nodes()[found.node]; }

[[noreturn]] void refuse_other_file(const Yaml& file, const Yaml::Node& at, const std::string& service, const std::string& other) {
  throw Error(Code::unsupported,
              file.place_of(at) + ": service " + service + " is taken from " + other + ", which is no file of the project",
              "change the image there, with yaml.set, or give the service an image of its own here");
}

// The image that this file gives the service, with what it extends.
std::optional<InFile> in_file(const Yaml& file, const std::string& service, int depth) {
  std::optional<Yaml::Found> here = file.find({"services", service});
  if (!here || depth > kDeepest) return std::nullopt;
  if (std::optional<Yaml::Found> image = file.child(here->node, "image")) return InFile{image->node, file.place_of(node_of(file, *image))};

  std::optional<Yaml::Found> extends = file.child(here->node, "extends");
  if (!extends) return std::nullopt;
  if (node_of(file, *extends).kind == Yaml::Kind::scalar) return in_file(file, node_of(file, *extends).value, depth + 1);
  if (std::optional<Yaml::Found> other = file.child(extends->node, "file"))
    refuse_other_file(file, node_of(file, *other), service, node_of(file, *other).value);
  std::optional<Yaml::Found> base = file.child(extends->node, "service");
  return base ? in_file(file, node_of(file, *base).value, depth + 1) : std::nullopt;
}

}  // namespace

ImagePlace find_image(const std::vector<Yaml>& files, const std::string& service) {
  for (size_t number = files.size(); number-- > 0;) {
    const Yaml& file = files[number];
    std::optional<InFile> found = in_file(file, service, 0);
    if (!found) continue;
    const Yaml::Node& node = file.nodes()[found->node];
    if (node.kind != Yaml::Kind::scalar) throw Error(Code::unsupported, found->place + ": the image of " + service + " is not one value");
    return {number, found->node, node.value, found->place};
  }
  for (const Yaml& file : files)
    if (std::optional<Yaml::Found> include = file.find({"include"}))
      throw Error(
          Code::unsupported,
          file.place_of(node_of(file, *include)) + ": service " + service + " comes from an included file, which is not looked into",
          "give the service an image of its own here");
  throw Error(Code::argument_invalid, "no file of the project gives service " + service + " an image");
}

std::vector<TemplatePart> template_parts(const std::string& text) {
  static const std::regex name("^\\$([A-Za-z_][A-Za-z0-9_]*)"), braced("^([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?([^]*)$");
  std::vector<TemplatePart> parts{{""}};
  auto literal = [&](std::string_view more) {
    if (!parts.back().variable.empty()) parts.push_back({""});
    parts.back().text += more;
  };
  std::smatch match;
  for (size_t at = 0; at < text.size();) {
    std::string rest = text.substr(at, 512);
    if (text[at] != '$') {
      literal(text.substr(at, 1));
      ++at;
    } else if (rest.starts_with("$$")) {
      literal("$");
      at += 2;
    } else if (std::regex_search(rest, match, name)) {
      parts.push_back({"", match[1]});
      at += static_cast<size_t>(match.length());
    } else {
      size_t end = at + 1;
      for (int open = 0; end < text.size(); ++end) {
        if (text[end] == '{') ++open;
        if (text[end] == '}' && --open == 0) break;
      }
      const std::string inside = end < text.size() && end < at + 512 ? text.substr(at + 2, end - at - 2) : "";
      if (!rest.starts_with("${") || !std::regex_match(inside, match, braced) || (!match[2].matched && match.length(3) > 0) ||
          match.str(2).ends_with('+'))
        throw Error(Code::unsupported, "\"" + text + "\" uses variables in a way that is not followed here");
      parts.push_back({"", match[1], match.str(2).ends_with('-') ? match.str(3) : ""});
      at = end + 1;
    }
  }
  return parts;
}

std::optional<std::pair<std::string, std::string>> solve_template(const std::vector<TemplatePart>& parts, const std::string& wanted,
                                                                  const TemplateValue& value) {
  auto now = [&](const TemplatePart& part) {
    if (part.variable.empty()) return part.text;
    std::optional<std::string> set = value(part.variable);
    return set && !set->empty() ? *set : part.instead;
  };
  for (size_t chosen = parts.size(); chosen-- > 0;) {
    if (parts[chosen].variable.empty()) continue;
    std::string before, after;
    for (size_t i = 0; i < chosen; ++i) before += now(parts[i]);
    for (size_t i = chosen + 1; i < parts.size(); ++i) after += now(parts[i]);
    if (wanted.size() <= before.size() + after.size() || !wanted.starts_with(before) || !wanted.ends_with(after)) continue;
    return std::pair(parts[chosen].variable, wanted.substr(before.size(), wanted.size() - before.size() - after.size()));
  }
  return std::nullopt;
}

}  // namespace playbook
