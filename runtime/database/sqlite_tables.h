// The shape of a SQLite database's tables, as far as reading all their rows in a fixed order needs it.
#pragma once

#include <string>
#include <vector>

#include "runtime/database/sqlite.h"

namespace playbook {

struct SqliteTable {
  std::string name;
  std::vector<std::string> columns;  ///< stored ones, in their order
  std::vector<std::string> key;      ///< what orders and names a row: a rowid alias that no column hides, or the primary key's columns
};

/// Tables that hold rows of their own, by name. `schema` as in SQL: main, or an attached one.
std::vector<SqliteTable> sqlite_tables(Sqlite& database, const std::string& schema = "main");

/// Names for SQL, quoted, each after `prefix`, with commas.
std::string sqlite_names(const std::vector<std::string>& names, const std::string& prefix = "");

}  // namespace playbook
