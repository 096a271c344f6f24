// Finds the program that a command names, before anything runs.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace playbook {

/// The file that argv[0] means: a name is looked up in `search_path` (as PATH; relative entries are passed over), anything with a slash is
/// taken from `folder`. Throws `process.missing`, with what to install where that is known.
std::filesystem::path find_program(const std::string& name, std::string_view search_path, const std::filesystem::path& folder);

}  // namespace playbook
