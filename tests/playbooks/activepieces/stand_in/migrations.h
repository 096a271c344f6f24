// The migrations of a stand-in release and what TypeORM makes of them: pending ones run by time when a connection opens, each committed
// alone.
#pragma once

#include <string>
#include <vector>

#include "tests/playbooks/appstrate/stand_in/database.h"

namespace stand_in {

struct Migration {
  std::string name;  ///< of its class, ends in 13 digits of time
  std::string up, down;
  std::string tag;  ///< the release in the code, "" where there is none
  bool breaking = false;
  bool outside = false;  ///< transaction = false
  bool unnamed = false;  ///< its class has no name, so that the manifest holds null
};

/// `root`/packages/server/api/dist/src/migrations.json, which only the stand-in has, in the order of the code.
std::vector<Migration> read_migrations(const std::string& root);

/// Oldest first, as TypeORM orders them: by `migrations.id`.
std::vector<std::string> applied(Database& database);

/// Runs what is pending. A failure prints `Migration "NAME" failed, error: MESSAGE` and throws it on; what ran before stays.
void migrate_up(Database& database, const std::vector<Migration>& migrations);

/// undoLastMigration() as the vendor calls it: in a transaction, whatever the migration says of itself.
void undo_last(Database& database, const Migration& migration);

}  // namespace stand_in
