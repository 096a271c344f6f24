// What yaml.get, yaml.set and image.pin share: a YAML file as people may see it, with its values hidden.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/pin/yaml.h"

namespace playbook {

Yaml read_yaml(const std::filesystem::path& path);

/// The text with `***` for every value but those of keys named `image`, also in lines that are commented out. `changed`: a node of it,
/// shown as changed; with `open` as it is.
std::string masked_yaml(const Yaml& file, std::optional<size_t> changed = std::nullopt, bool open = false);

}  // namespace playbook
