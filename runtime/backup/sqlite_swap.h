// Puts a whole SQLite database in the place of another one, at any instant old or new, and keeps the old one beside.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/backup/work.h"

namespace playbook {

/// Throws `sqlite.locked` with the holders when any process has the database open, even when it is idle: it would go on writing to the
/// replaced file.
void expect_unused(const std::filesystem::path& database);

/// `replacement` is complete, synced, has the right owner and mode, and lies in the folder of `target`, which need not exist. Gives the
/// name under which the old database is kept, with its WAL or journal inside (beside it, as `<kept>-wal`, where the old one is too damaged
/// to be opened). Repeated after a crash it goes on. Throws sqlite.locked, disk.full, file.denied with the old one in place. Instants:
/// restore.settled, restore.kept, restore.cleared, restore.swapped.
std::optional<std::filesystem::path> swap_database(const std::filesystem::path& replacement, const std::filesystem::path& target,
                                                   const std::string& set, Work& work);

}  // namespace playbook
