// PGlite: a PostgreSQL cluster that lives inside the application's own process, as a folder. It can be copied only when that process is
// proven stopped; its postmaster.pid proves nothing, it stays after a clean end as after a crash.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace playbook {

/// Clusters in a tree: folders with PG_VERSION and global/pg_control, the root included.
std::vector<std::filesystem::path> clusters_in(const std::filesystem::path& root);

/// The state that its global/pg_control tells, in the words of pg_controldata: `shut down`, `in production`, ... The file begins with the
/// system identifier, 8 bytes, two versions, 4 bytes each, and the state, 4 bytes (PostgreSQL, src/include/catalog/pg_control.h).
std::string cluster_state(const std::filesystem::path& cluster);

/// Throws `postgres.locked` where somebody works in the folder or that cannot be known, `postgres.failed` where the cluster was not shut
/// down cleanly. Gives its PG_VERSION: `17`.
std::string expect_shut_down(const std::filesystem::path& cluster);

}  // namespace playbook
