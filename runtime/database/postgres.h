// A session with a PostgreSQL server: one connection, which can hold a transaction and with it a snapshot. There are two ways to have one,
// which differ in nothing that a caller sees: directly by libpqxx, and by a psql inside a place (a container). One thread at a time.
//
// Every session is pinned to UTF-8, UTC, ISO dates and full float digits, so that equal data gives equal text whoever asks; reads only,
// unless it was opened for writing; and is called (application_name) after the action that opened it, because on the server it may survive
// its client. Errors name the server and never a password; their details carry `sqlstate`.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runtime/base/cancel.h"
#include "runtime/base/error.h"

namespace playbook {

using PostgresRow = std::vector<std::optional<std::string>>;
using PostgresRows = std::vector<PostgresRow>;

/// What went wrong, as either way reports it.
struct PostgresFailure {
  std::string sqlstate;  ///< "" where the connection itself failed
  std::string message;
  bool gone = false;  ///< the session is of no more use
};

class PostgresSession {
 public:
  virtual ~PostgresSession() = default;

  /// Runs one statement and gives its rows. `sql` is the runtime's own text: what others wrote goes in as `sql_literal` or `sql_name`.
  /// Throws postgres.failed, postgres.locked, disk.full, timeout, cancelled.
  PostgresRows query(const std::string& sql);
  /// The only column of the only row, nothing where it is null or there is no row.
  std::optional<std::string> value(const std::string& sql);
  /// As `value`, where there must be one.
  std::string text(const std::string& sql);

  const std::string& server() const { return server_; }

 protected:
  PostgresSession(std::string server, const CancelToken* cancel) : server_(std::move(server)), cancel_(cancel) {}
  virtual std::variant<PostgresRows, PostgresFailure> ask(const std::string& sql) = 0;
  const CancelToken* cancel() const { return cancel_; }

 private:
  const std::string server_;
  const CancelToken* const cancel_;
};

struct PostgresOptions {
  std::string database;     ///< "" for the one of the server's description
  std::string application;  ///< the action that asks, `<run>/<action>`; see `application_name`
  bool writes = false;
  std::chrono::milliseconds statement{0};  ///< longest statement; 0: as long as it takes
  std::chrono::milliseconds lock{10'000};  ///< longest wait for a lock
  const CancelToken* cancel = nullptr;     ///< ends a statement
};

/// Sets what a session is pinned to; refuses servers that are too old. Both ways call it once after connecting.
void pin_session(PostgresSession& session, const PostgresOptions& options);

/// What the sessions of an action are called on the server: the action itself, or where that is too long or not ASCII (the server would cut
/// it off, or put other characters in) its run and a digest of all of it.
std::string application_name(const std::string& action);

/// Ends what other sessions of this action are still at work on this server: clients that were killed leave them behind. The calling
/// session and the databases stay.
void end_sessions_of(PostgresSession& session, const std::string& application);

/// The error for a failure: `server` is its description.
Error postgres_error(const PostgresFailure& failure, const std::string& server);

/// `'it''s'`. Throws `argument.invalid` for text that PostgreSQL cannot hold (a NUL byte, not UTF-8).
std::string sql_literal(std::string_view text);
/// `"a""b"` for a"b.
std::string sql_name(std::string_view name);

}  // namespace playbook
