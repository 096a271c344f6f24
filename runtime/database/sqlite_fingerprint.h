// What a SQLite database holds, as digests that two copies share when their rows are equal, and the rows in which two databases differ.
//
// Digest of a table, version 1: SHA-256 over its stored columns (generated ones are left out) and then every row in the order of its rowid,
// or of its primary key where it is WITHOUT ROWID. A column: `C`, its name as bytes. A row: `R`, then each value with its storage class, so
// that 1, 1.0, '1' and x'31' differ: `n` | `i` int64 | `r` IEEE 754 double | `t` bytes as UTF-8 | `b` bytes. Bytes go after their count as
// uint64; all big-endian. Virtual tables are covered by their shadow tables; the planner's statistics (sqlite_stat*) are no data and left
// out. Digest of the schema: SHA-256 of `type name table sql` lines, sorted, with white space outside quotes reduced to single blanks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/database/sqlite.h"

namespace playbook {

struct TableFingerprint {
  std::uint64_t rows = 0;
  std::string digest;
  bool operator==(const TableFingerprint&) const = default;
};

struct SqliteFingerprint {
  std::int64_t user_version = 0;
  std::string schema;  ///< digest
  std::map<std::string, TableFingerprint> tables;
  bool operator==(const SqliteFingerprint&) const = default;

  /// `{version=1, user_version, schema, tables={name={rows, digest}}}`
  Json to_json() const;
  /// Throws `json.invalid`.
  static SqliteFingerprint from_json(const Json& value);
};

/// All tables in one read transaction. `progress` gets bytes of values since its last call and may throw to stop.
SqliteFingerprint fingerprint(Sqlite& database, const std::function<void(std::uint64_t)>& progress = nullptr);

/// How one table of a present database differs from the same table of an older copy.
struct TableLoss {
  std::uint64_t added = 0;    ///< rows that only the present has
  std::uint64_t removed = 0;  ///< rows that only the copy has
  std::uint64_t changed = 0;  ///< rows with the same key and other values in the columns that both have
  bool operator==(const TableLoss&) const = default;
};

/// Tables that differ, by name: rows are matched by rowid or primary key. A table that only one side has counts as all added or all
/// removed.
std::map<std::string, TableLoss> compare_rows(Sqlite& present, const std::filesystem::path& copy, const std::vector<std::string>& tables);

/// One line for each difference between two fingerprints, for people: `table notes: 3 rows more`, `table notes: other values`, `schema
/// differs`.
std::vector<std::string> differences(const SqliteFingerprint& before, const SqliteFingerprint& now);

}  // namespace playbook
