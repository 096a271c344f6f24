// The files of a release as the stand-in finds them in its image. Names, order, tags and flags of the migrations are those of the real
// releases, from the family's own data; the SQL is invented.
#pragma once

#include <filesystem>
#include <string>

namespace playbook::testing::pieces {

/// `release`: 0.82.1 and 0.83.0 as they were; 0.83.1 has the migrations of 0.83.0; 0.82.9 has them without the last, which its own command
/// can undo. `fails`: the last migration is refused by the server. Writes `root`/usr/src/app.
void write_release(const std::filesystem::path& root, const std::string& release, bool fails = false);

/// Rows for a database that the stand-in has migrated.
std::string seed_sql();

inline const std::string kKey = "4f1d2a9c0b7e63855d21c4fa98e07b36";  ///< AP_ENCRYPTION_KEY of the seed

}  // namespace playbook::testing::pieces
