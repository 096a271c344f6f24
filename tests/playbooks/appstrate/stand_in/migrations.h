// Migrations as Appstrate's migrator does them on PostgreSQL: by watermark. Read once: the newest `created_at` of
// drizzle.__drizzle_migrations; every entry of the journal with a later `when` runs, all in one transaction; the others are skipped without
// a word, whether they ever ran or not. The hash is not compared.
#pragma once

#include <string>
#include <vector>

#include "tests/playbooks/appstrate/stand_in/database.h"

namespace stand_in {

struct Migration {
  std::string tag, when, hash;
  std::vector<std::string> statements;
};

/// The journal of the release in APP_ROOT. The SQL is invented; the hash of the real file, which it stands for, is in its first line.
std::vector<Migration> read_migrations(const std::string& root);
/// Throws PostgresError; then nothing has changed.
void migrate(Database& database, const std::vector<Migration>& migrations);

}  // namespace stand_in
