// The stand-in's PostgreSQL, by libpq alone, so that its image stays small.
#pragma once

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct pg_conn;

namespace stand_in {

/// Printed as the real one prints it: `error: Failed query: SQL`, then `PostgresError: TEXT` with the code.
struct PostgresError : std::runtime_error {
  PostgresError(const std::string& text, std::string state, std::string failed)
      : runtime_error(text), code(std::move(state)), sql(std::move(failed)) {}
  std::string code, sql;
  std::string printed() const;
};

class Database {
 public:
  using Row = std::map<std::string, std::optional<std::string>>;

  /// Throws PostgresError.
  explicit Database(const std::string& url);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Notices go to standard output, plain, as `migrate` shows them.
  void show_notices();
  /// One or more statements without arguments. Throws PostgresError.
  void execute(const std::string& sql);
  /// One statement. Throws PostgresError.
  std::vector<Row> query(const std::string& sql, const std::vector<std::string>& arguments = {});

 private:
  pg_conn* connection_;
};

}  // namespace stand_in
