// A YAML file of a person, edited so that only the bytes of the value that is set change: comments, order, quotes, indentation, anchors
// and line ends stay. libfyaml tells where every value stands (its events; the tree is ours). What cannot be changed without changing
// more, such as a value that several places share, is refused with its place. Messages never show a value.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/base/secret.h"

namespace playbook {

class Yaml {
 public:
  enum class Kind { scalar, map, list, alias };
  enum class Style { plain, single_quoted, double_quoted, block, empty };

  /// One node of the tree; the first is the root. Nodes are named by their number.
  struct Node {
    Kind kind = Kind::scalar;
    Style style = Style::plain;
    bool tagged = false;
    bool aliased = false;  ///< has an anchor that an alias names
    bool in_flow = false;  ///< inside of [] or {}
    size_t parent = 0;
    size_t begin = 0, end = 0;    ///< bytes in `text()`; of an empty value: where it would go
    std::string value{};          ///< of a scalar: what it says; of an alias: the name of its anchor
    size_t target = 0;            ///< of an alias: the node that it stands for
    std::vector<size_t> items{};  ///< of a list; of a map: key, value, key, value
  };

  /// Names of keys; where there is a list, the number of an item, from 1.
  using Keys = std::vector<std::string>;

  struct Found {
    size_t node = 0;
    std::optional<size_t> through{};  ///< the alias or merge key on the way, where there is one
  };

  /// `name` is how errors call the file. Throws file.failed with the place: `compose.yml:3:5: ...`; `unsupported` for several documents.
  static Yaml parse(std::string text, std::string name);

  const std::string& text() const { return text_; }
  const std::vector<Node>& nodes() const { return nodes_; }

  /// The node at these keys as a reader of the file gets it, through aliases and merge keys (`<<`); nothing where there is none.
  /// Throws `unsupported` where a key on the way is there twice.
  std::optional<Found> find(const Keys& keys) const;
  /// The same one step down from a node.
  std::optional<Found> child(size_t node, const std::string& key) const;

  /// What it says as plain data: plain scalars by the core schema of YAML 1.2. Aliases are followed.
  /// Throws `unsupported` where that is without end, or a map has a key that is no text.
  Json value(size_t node) const;

  /// From now on the value at `keys` is `value` (a string, number or boolean), and nothing else is another. Keeps the quotes that can hold
  /// it. `shared`: also where an alias elsewhere means the same node. Throws argument.invalid where there is no such value, `unsupported`.
  void set(const Keys& keys, const Json& value, bool shared = false);
  /// The same for a scalar by its number.
  void set(size_t node, const Json& value);

  /// `compose.yml:14:12`, counted in characters from 1.
  std::string place(size_t offset) const;
  std::string place_of(const Node& node) const { return place(node.begin); }

 private:
  class Builder;

  Yaml(std::string text, std::string name) : text_(std::move(text)), name_(std::move(name)) {}
  std::optional<Found> child(size_t node, const std::string& key, int depth) const;
  Json value(size_t node, int depth, size_t& budget) const;
  void check_changeable(const Node& node) const;

  std::string text_;
  std::string name_;
  std::vector<Node> nodes_;
};

/// `{type="secret", source="yaml", path=, name="services.db.environment.PASSWORD", keys={...}}`
Json secret_from_yaml(const std::string& path, const Yaml::Keys& keys);
/// Lets the store open such references.
void add_yaml_source(SecretStore& store);

}  // namespace playbook
