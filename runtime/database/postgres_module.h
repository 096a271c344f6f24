// What libplaybook-postgres.so offers: PostgreSQL by libpqxx, in a library of its own that is loaded when a server is first reached
// directly, because libpq brings 20 others along. Only standard types cross; nothing throws across.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <variant>

#include "runtime/database/postgres.h"

namespace playbook {

/// libpq's keywords: host, port, user, password, dbname, sslmode, ...
using PostgresKeywords = std::map<std::string, std::string>;

class PostgresLink {
 public:
  virtual ~PostgresLink() = default;
  virtual std::variant<PostgresRows, PostgresFailure> ask(const std::string& sql) = 0;
  /// Ends the statement that another thread asks.
  virtual void cancel() = 0;
};

class PostgresModule {
 public:
  virtual ~PostgresModule() = default;
  /// A URL or `key=value` string, taken apart; what it leaves out stays out.
  virtual std::variant<PostgresKeywords, PostgresFailure> parse(const std::string& connection) const = 0;
  virtual std::variant<std::unique_ptr<PostgresLink>, PostgresFailure> connect(const PostgresKeywords& keywords) const = 0;
};

/// The symbol that the library exports.
constexpr const char* kPostgresModuleSymbol = "playbook_postgres_module_1";

/// Loads it at the first call, once in a process. Throws `process.missing`, with what to install.
const PostgresModule& postgres_module();

}  // namespace playbook
