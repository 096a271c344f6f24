// Databases of a server as wholes: what a dump leaves out of them, made anew with all of it, swapped by name. Every call takes a session
// with the maintenance database, from which others can be made, renamed and dropped.
#pragma once

#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/database/postgres_server.h"

namespace playbook {

/// Small letters, digits and underscores: what goes into a name of a database without quotes.
std::string plain_name(const std::string& text);
/// `20261121t071349z`, from a set's name.
std::string mark_of(const std::string& set);

/// A session for work on whole databases, none of which is `database`.
std::unique_ptr<PostgresSession> open_maintenance(PostgresServer& server, PostgresOptions options, const std::string& database);

bool has_database(PostgresSession& maintenance, const std::string& name);

/// `{catalog=row of pg_database, owner, grants, settings, comment, tablespace, server_version}`; encoding and locale are in the catalog
/// row.
Json describe_database(PostgresSession& session, const std::string& name);

/// The statement that makes an empty database like the one described.
std::string create_database_sql(const std::string& name, const Json& described);
/// Statements that give it grants, settings, comment and limits, which no dump holds.
std::vector<std::string> dress_database_sql(const std::string& name, const Json& described);

/// Runs them. Gives those that this role may not run: a database without one of its settings is better than none.
std::vector<std::string> dress_database(PostgresSession& maintenance, const std::string& name, const Json& described);

/// Ends its sessions and drops it, when it is there.
void drop_database(PostgresSession& maintenance, const std::string& name);

/// Sessions of others in it that are in the midst of something, for people; idle ones are left out.
std::vector<std::string> busy_sessions(PostgresSession& maintenance, const std::string& name);

/// `<database>_<mark>`, cut so that it is a name of at most 63 bytes; with `_2`, `_3`, ... when that is taken.
std::string free_database_name(PostgresSession& maintenance, const std::string& database, const std::string& mark);

/// Gives `fresh` the name `name` and what had it the name `kept`, in one transaction; ends the sessions that are in the way. `remark`
/// becomes the comment of `kept`.
void swap_databases(PostgresSession& maintenance, const std::string& fresh, const std::string& name, const std::string& kept,
                    const std::string& remark);

}  // namespace playbook
