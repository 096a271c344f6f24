// SQL Server through Microsoft's own sqlcmd, wherever that is: statements as text, answers as JSON that comes back in hexadecimal, for
// sqlcmd cuts and pads what it prints. Written by the documentation of Transact-SQL and of sqlcmd (go-sqlcmd and ODBC): no SQL Server was
// met by it. Needs SQL Server 2016 or later (FOR JSON).
#pragma once

#include <string>

#include "runtime/base/json.h"
#include "runtime/process/place.h"

namespace playbook {

struct SqlServerLogin {
  std::string host;  ///< as `sqlcmd -S` takes it
  std::string user;
  std::string password;
};

/// For `sh -euc`: sqlcmd with the arguments that follow, from where Microsoft's images have it.
extern const char* const kSqlcmd;

/// The command that runs these statements, and whose status is 1 where one fails. The password goes by its environment.
Command sqlcmd(const SqlServerLogin& login, const std::string& database, const std::string& statements);

/// `[a]]b]`: a name in Transact-SQL.
std::string sql_server_name(const std::string& name);
/// `N'it''s'`: a text in Transact-SQL.
std::string sql_server_text(const std::string& value);

class SqlServer {
 public:
  SqlServer(Place& place, SqlServerLogin login, std::string database, const CancelToken* cancel = nullptr)
      : place_(place), login_(std::move(login)), database_(std::move(database)), cancel_(cancel) {}

  const std::string& database() const { return database_; }

  /// The rows of one SELECT as maps by column name. Throws `process.failed` with the server's own words, `cancelled`.
  Json query(const std::string& select);
  /// Runs statements in one batch.
  void execute(const std::string& statements);

 private:
  std::string said(const std::string& statements);

  Place& place_;
  const SqlServerLogin login_;
  const std::string database_;
  const CancelToken* cancel_;
};

}  // namespace playbook
