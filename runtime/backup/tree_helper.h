// A tree that this user cannot read, read by GNU tar (1.28 or newer) as user 0 in a throwaway container of the application's own image,
// which has the tree mounted: who may use the engine may read it. Only for reading; a restore with its owners is root's.
#pragma once

#include <filesystem>

#include "runtime/backup/tree_archive.h"

namespace playbook {

/// A spec's `helper`, `{project, service, path}`, complete; `path` is that of the tree in the container. Throws `argument.invalid`.
Json check_tree_helper(const Json& helper, const std::filesystem::path& instance);

/// As measure_tree, store_tree and present_listing. A tree with a PGlite database is refused as `unsupported`: from here nobody can tell
/// whether its server is stopped.
std::uint64_t measure_tree_through(const Json& helper, const Tree& tree, Work& work);
Json store_tree_through(const Json& helper, const Tree& tree, const std::string& name, SetWriter& writer, Work& work);
NextListed present_listing_through(const Json& helper, const Tree& tree, Work& work);

}  // namespace playbook
