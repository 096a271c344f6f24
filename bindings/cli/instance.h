// Which folder a command works on.
#pragma once

#include <filesystem>

#include "bindings/api/playbook.h"

namespace playbook::cli {

/// -C DIR as it is; else the folder of the playbook's file when an instance is there; else the current one. Absolute.
/// Throws `instance.missing` when the folder does not exist.
std::filesystem::path find_instance(Runtime& runtime, const std::filesystem::path& given, const std::string& playbook);

/// A path, or a name that ends in .lua: a file, not a shipped playbook.
bool is_playbook_file(const std::string& word);

}  // namespace playbook::cli
