// A PostgreSQL server as a run reaches it: sessions, and the server's own programs (pg_dump, pg_restore). Either directly, by libpqxx and
// the programs of this host, or through a service, by the psql and the programs that lie beside the server in its container.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "runtime/base/json.h"
#include "runtime/database/postgres.h"
#include "runtime/process/place.h"

namespace playbook {

class PostgresServer {
 public:
  virtual ~PostgresServer() = default;
  /// `database shop of service postgres`; with another database, that one.
  virtual std::string describe(const std::string& database = "") const = 0;
  virtual std::unique_ptr<PostgresSession> connect(const PostgresOptions& options) = 0;
  /// Runs one of its programs, which finds the connection in its environment: to `options.database`, under the name of the action. As
  /// Place::run; a status is a value.
  virtual Exit run(Command program, const PostgresOptions& options) = 0;
  /// Do its programs run on this host, so that they can read files of ours?
  virtual bool runs_here() const = 0;
  /// What RESTORE.md needs to reach it by hand: `{host, port, user, ...}` as libpq names them, or `{}`. No password.
  virtual Json connection() const = 0;
};

/// `connection`: a URL or `key=value` string, opened if it was secret.
std::unique_ptr<PostgresServer> make_direct_postgres(const std::string& connection, Children& children);

/// `user` and `database` may be empty: then those of the container's POSTGRES_USER and POSTGRES_DB, as the official image has them.
std::unique_ptr<PostgresServer> make_postgres_service(std::unique_ptr<Place> place, std::string user, std::string database);

/// What a connection string says, without its password; and whether it holds one. For messages and checks.
struct PostgresAddress {
  Json keywords;
  bool has_password = false;
};
PostgresAddress postgres_address(const std::string& connection);

/// A playbook's description of a server, complete and fit for a manifest: `{url = secret reference, or a string without a password}`, or
/// `{project, service, user?, database?}` with an absolute folder of the project (a relative one is below `instance`). Throws
/// `argument.invalid`.
Json check_postgres_server(const Json& server, const std::filesystem::path& instance);
/// `database shop of service postgres`, `secret env DATABASE_URL`; asks nobody.
std::string postgres_label(const Json& server);

/// Enters a container's environment: user, database and password as the official image has them, where the caller gave none. Runs its
/// arguments and `--dbname`.
extern const char* const kPostgresEntry;

}  // namespace playbook
