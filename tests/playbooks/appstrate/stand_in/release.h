// The files of a release as the stand-in finds them in its image: journal and migrations under APP_ROOT. The journals (tag, when, hash) are
// those of the real releases, from the family's own data; the SQL is invented.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace playbook::testing {

/// What is wrong with a made-up build of a release, in its newest migration.
enum class Flaw {
  none,
  fails_to_migrate,  ///< its last statement is refused by the server
  backdated,         ///< its `when` lies before the one in front of it, so that the migrator passes over it
};

struct JournalEntry {
  std::string tag, hash;
  std::int64_t when;
};
/// Of a real release, such as 1.0.0-beta.41.
std::vector<JournalEntry> journal_of(const std::string& release);
/// The text of meta/_journal.json.
std::string journal_text(const std::vector<JournalEntry>& entries);

/// `release` such as 1.0.0-beta.41. Writes `root`/packages/db/drizzle.
void write_release(const std::filesystem::path& root, const std::string& release, Flaw flaw = Flaw::none);

/// Rows for a database that the stand-in has migrated: people, organizations, finished runs, and secrets that are encrypted under `kKey`.
std::string seed_sql();

inline const std::string kStandInKey = "lH6w+43MZjujK+86V8J/8dLuTN/lS0p9Ovmw7HWUSXM=";  ///< CONNECTION_ENCRYPTION_KEY of the seed
inline const std::string kStandInSecret = "playbook-test-auth-secret-0001";             ///< BETTER_AUTH_SECRET of the seed

}  // namespace playbook::testing
