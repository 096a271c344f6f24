#include "runtime/pin/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/text_place.h"
#include "runtime/pin/yaml_scalar.h"

namespace playbook {
namespace {

constexpr int kDeepest = 100;         // aliases within aliases
constexpr size_t kLargest = 1000000;  // nodes that a value may have when its aliases are followed

std::string article(Yaml::Kind kind) { return kind == Yaml::Kind::map ? "a map" : "a list"; }

}  // namespace

std::string Yaml::place(size_t offset) const { return name_ + ":" + text_place(text_, offset); }

std::optional<Yaml::Found> Yaml::child(size_t node, const std::string& key) const { return child(node, key, 0); }

std::optional<Yaml::Found> Yaml::child(size_t node, const std::string& key, int depth) const {
  if (depth > kDeepest) throw Error(Code::unsupported, place_of(nodes_[node]) + ": merge keys go in a circle");
  Found found;
  auto follow = [&](size_t at) {
    if (nodes_[at].kind != Kind::alias) return at;
    found.through = nodes_[at].begin;
    return nodes_[at].target;
  };
  const Node& holder = nodes_[follow(node)];
  if (holder.kind == Kind::list) {
    size_t number = 0;
    auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), number);
    if (failed != std::errc() || end != key.data() + key.size() || number == 0 || number > holder.items.size()) return std::nullopt;
    found.node = follow(holder.items[number - 1]);
    return found;
  }
  if (holder.kind != Kind::map) return std::nullopt;

  std::optional<size_t> own;
  for (size_t i = 0; i + 1 < holder.items.size(); i += 2) {
    const Node& name = nodes_[holder.items[i]];
    if (name.kind != Kind::scalar || name.value != key) continue;
    if (own)
      throw Error(Code::unsupported, place_of(name) + ": the key \"" + key + "\" is there twice; expected it once",
                  "take one of the two away");
    own = holder.items[i + 1];
  }
  if (own) {
    found.node = follow(*own);
    return found;
  }
  for (size_t i = 0; i + 1 < holder.items.size(); i += 2) {
    const Node& name = nodes_[holder.items[i]];
    if (name.kind != Kind::scalar || name.style != Style::plain || name.value != "<<") continue;
    const Node& merged = nodes_[holder.items[i + 1]];
    const std::vector<size_t> sources = merged.kind == Kind::list ? merged.items : std::vector{holder.items[i + 1]};
    for (size_t source : sources) {
      std::optional<Found> inherited = child(source, key, depth + 1);
      if (inherited) return Found{inherited->node, name.begin};
    }
  }
  return std::nullopt;
}

std::optional<Yaml::Found> Yaml::find(const Keys& keys) const {
  if (nodes_.empty()) return std::nullopt;
  Found found;
  for (const std::string& key : keys) {
    std::optional<Found> next = child(found.node, key);
    if (!next) return std::nullopt;
    found = {next->node, found.through ? found.through : next->through};
  }
  return found;
}

Json Yaml::value(size_t node) const {
  size_t budget = kLargest;
  return value(node, 0, budget);
}

Json Yaml::value(size_t node, int depth, size_t& budget) const {
  const Node& at = nodes_[node];
  if (depth > kDeepest || budget-- == 0) throw Error(Code::unsupported, place_of(at) + ": too much of it; aliases within aliases");
  switch (at.kind) {
    case Kind::alias:
      return value(at.target, depth + 1, budget);
    case Kind::scalar:
      return at.style == Style::plain || at.style == Style::empty ? yaml_plain_value(at.value) : Json(at.value);
    case Kind::list: {
      Json list = Json::array();
      for (size_t item : at.items) list.push_back(value(item, depth + 1, budget));
      return list;
    }
    case Kind::map:
      break;
  }
  Json map = Json::object(), merged = Json::object();
  for (size_t i = 0; i + 1 < at.items.size(); i += 2) {
    const Node& name = nodes_[at.items[i]];
    if (name.kind != Kind::scalar) throw Error(Code::unsupported, place_of(name) + ": a key that is no text");
    Json held = value(at.items[i + 1], depth + 1, budget);
    if (name.value != "<<" || name.style != Style::plain) {
      map[name.value] = std::move(held);
      continue;
    }
    if (!held.is_array()) held = Json::array({std::move(held)});
    for (const Json& source : held)
      if (source.is_object()) merged.insert(source.begin(), source.end());
  }
  map.insert(merged.begin(), merged.end());  // keeps what is there
  return map;
}

void Yaml::set(const Keys& keys, const Json& value, bool shared) {
  const std::string shown = join(keys, ".");
  std::optional<Found> found = find(keys);
  if (!found) throw Error(Code::argument_invalid, name_ + " has no " + shown + "; only a value that is there can be set");
  const Node& node = nodes_[found->node];
  if (node.kind == Kind::scalar && this->value(found->node) == value) return;
  if (found->through)
    throw Error(
        Code::unsupported,
        place(*found->through) + ": " + shown + " comes from elsewhere, by an alias or a merge key; it is written at " + place_of(node),
        "set it by the keys of the place where it is written");
  if (node.kind != Kind::scalar)
    throw Error(Code::argument_invalid, place_of(node) + ": " + shown + " is " + article(node.kind) + "; expected one value");
  for (size_t at = found->node; !shared; at = nodes_[at].parent) {
    if (nodes_[at].aliased)
      throw Error(Code::unsupported,
                  place_of(node) + ": " + shown + " is below the anchor at " + place_of(nodes_[at]) + ", which aliases use elsewhere",
                  "say shared = true to change it for all of them");
    if (at == 0) break;
  }
  set(found->node, value);
}

void Yaml::check_changeable(const Node& node) const {
  auto refuse = [&](const std::string& why) { throw Error(Code::unsupported, place_of(node) + ": " + why, "edit this value by hand"); };
  if (node.kind != Kind::scalar) refuse("no single value");
  if (node.tagged) refuse("a value with a tag");
  if (node.style == Style::block) refuse("a block of text (| or >)");
  if (text_.substr(node.begin, node.end - node.begin).find_first_of("\n\r") != std::string::npos) refuse("a value over several lines");
  if (node.style == Style::empty && (node.begin == 0 || text_[node.begin - 1] != ':')) refuse("an empty value that has no colon before it");
}

void Yaml::set(size_t number, const Json& wanted) {
  if (!wanted.is_string() && !wanted.is_number() && !wanted.is_boolean())
    throw Error(Code::argument_invalid, name_ + ": a value to set must be a string, a number or a boolean");
  if (wanted.is_string() && !is_utf8(wanted.get_ref<const std::string&>()))
    throw Error(Code::argument_invalid, name_ + ": a value to set must be UTF-8");
  const Node& node = nodes_.at(number);
  if (node.kind == Kind::scalar && value(number) == wanted) return;
  check_changeable(node);

  auto same_but_for_it = [&](const Yaml& changed) {
    if (changed.nodes_.size() != nodes_.size()) return false;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      const Node &was = nodes_[i], &is = changed.nodes_[i];
      if (was.kind != is.kind || was.parent != is.parent || was.target != is.target || was.items != is.items || was.aliased != is.aliased)
        return false;
      if (i != number && (was.value != is.value || was.style != is.style || was.tagged != is.tagged)) return false;
    }
    return changed.value(number) == wanted;
  };
  for (Style style : std::array{node.style, Style::double_quoted, Style::plain}) {
    std::optional<std::string> raw = yaml_raw(wanted, style, node.in_flow);
    if (!raw) continue;
    std::string text = text_;
    text.replace(node.begin, node.end - node.begin, node.style == Style::empty ? " " + *raw : *raw);
    try {
      Yaml changed = parse(std::move(text), name_);
      if (!same_but_for_it(changed)) continue;
      *this = std::move(changed);
      return;
    } catch (const Error& error) {
      if (error.code() != Code::file_failed && error.code() != Code::unsupported) throw;
    }
  }
  throw Error(Code::unsupported, place_of(node) + ": no way to write the value here reads back as the same value",
              "edit this value by hand");
}

Json secret_from_yaml(const std::string& path, const Yaml::Keys& keys) {
  return {{"type", "secret"}, {"source", "yaml"}, {"path", path}, {"name", join(keys, ".")}, {"keys", keys}};
}

void add_yaml_source(SecretStore& store) {
  store.add_source("yaml", [](const Json& reference) {
    auto path = get_or<std::string>(reference, "path", ""), name = get_or<std::string>(reference, "name", "");
    std::optional<std::string> text = try_read_file(path);
    if (!text) throw Error(Code::secret_missing, path + " does not exist", "create it, then run this again");
    const Yaml file = Yaml::parse(*std::move(text), path);
    const std::optional<Yaml::Found> found = file.find(get_or<Yaml::Keys>(reference, "keys", {}));
    if (!found || file.nodes()[found->node].kind != Yaml::Kind::scalar || file.nodes()[found->node].style == Yaml::Style::empty)
      throw Error(Code::secret_missing, path + " has no value at " + name, "set " + name + " there, then run this again");
    return file.nodes()[found->node].value;
  });
}

}  // namespace playbook
