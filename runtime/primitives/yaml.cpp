#include "runtime/primitives/yaml.h"

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/primitives/file.h"

namespace playbook {

Yaml read_yaml(const std::filesystem::path& path) { return Yaml::parse(read_file(path), path.string()); }

std::string masked_yaml(const Yaml& file, std::optional<size_t> changed, bool open) {
  const std::vector<Yaml::Node>& nodes = file.nodes();
  const std::string& text = file.text();
  std::vector<bool> hidden(nodes.size());
  for (size_t number = 0; number < nodes.size(); ++number)
    hidden[number] = nodes[number].kind == Yaml::Kind::scalar && nodes[number].style != Yaml::Style::empty;
  for (const Yaml::Node& holder : nodes) {
    if (holder.kind != Yaml::Kind::map) continue;
    for (size_t i = 0; i + 1 < holder.items.size(); i += 2) {
      hidden[holder.items[i]] = false;
      if (nodes[holder.items[i]].value == "image") hidden[holder.items[i + 1]] = false;
    }
  }
  if (changed && open) hidden[*changed] = false;

  std::string masked;
  size_t at = 0;
  for (size_t number = 0; number < nodes.size(); ++number) {  // in the order of the text
    const Yaml::Node& node = nodes[number];
    if (!hidden[number] || node.begin < at) continue;
    masked += mask_comments(text.substr(at, node.begin - at)) + "***" + (changed == number ? " (changed)" : "");
    if (node.style == Yaml::Style::block && text.substr(0, node.end).ends_with('\n')) masked += "\n";
    at = node.end;
  }
  return masked + mask_comments(text.substr(at));
}

}  // namespace playbook
