// Where an application keeps secrets encrypted: the values of a database's columns, read in one snapshot and handed over one by one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/database/postgres.h"

namespace playbook {

/// Columns of ordinary tables and partitions as rows of schema, table, column, and an expression for a row's primary key (null where there
/// is none).
extern const char* const kStoredColumns;

/// `place` is `table.column` and lives as long as the reading, `id` is the row's primary key (its ctid where there is none).
struct StoredValue {
  std::string_view place, id, text;
};
using StoredValueSink = std::function<void(const StoredValue&)>;

struct ColumnChoice {
  std::vector<std::string> columns;  ///< `table.column` or `schema.table.column`, `*` for anything; without a schema `public`
  std::uint64_t sample = 0;          ///< at most so many values of a column, spread over the table; 0 for all
};

/// Reads every column that is chosen and gives how many values each has, those left out of a sample too. A column that a pattern names in
/// full and that is not there is no error: its place is missing in the result. Throws as PostgresSession does; `sink` may throw to stop.
std::map<std::string, std::uint64_t> read_columns(PostgresSession& session, const ColumnChoice& choice, const StoredValueSink& sink);

}  // namespace playbook
