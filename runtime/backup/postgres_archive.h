// pg_dump and pg_restore on streams: a database into a part of a set, and back into an empty database. Their own exit status decides.
#pragma once

#include <string>

#include "runtime/backup/part.h"
#include "runtime/database/postgres_server.h"

namespace playbook {

/// Dumps `options.database` as it was at the exported `snapshot` (custom format, not compressed: the part is).
void dump_database(PostgresServer& server, const PostgresOptions& options, const std::string& snapshot, PartWriter& part);

/// Restores a part into `options.database`, which is empty. Stops at the first error.
void load_database(PostgresServer& server, const PostgresOptions& options, const std::filesystem::path& set, const Part& part, Work& work);

/// Is the file an archive of `pg_dump --format=custom`?
bool is_archive(const std::filesystem::path& file);

/// Loads a dump that was made by hand into `options.database`, which is empty: an archive, or the SQL of one database. Throws
/// `unsupported` for SQL that would leave that database (\connect, DROP DATABASE, roles), before any of it ran.
void load_dump(PostgresServer& server, const PostgresOptions& options, const std::filesystem::path& file, Work& work);

/// Reads the part to its end, its table of contents with pg_restore where one is at hand (`server` may be null: then that of this host).
/// Throws `backup.corrupt`.
void check_archive(PostgresServer* server, const std::filesystem::path& set, const Part& part, Work& work);

/// Major versions of the programs that dump and restore, beside that server.
struct PostgresTools {
  int dump = 0, restore = 0;
};
/// Throws `process.missing`.
PostgresTools postgres_tools(PostgresServer& server, const PostgresOptions& options);
/// Throws `unsupported` where they are older than the server: they would refuse it, or leave out what they do not know. `label` names it.
void expect_tools(const PostgresTools& tools, PostgresSession& session, const std::string& label);

}  // namespace playbook
