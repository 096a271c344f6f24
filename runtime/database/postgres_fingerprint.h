// What a PostgreSQL database holds, as digests that two databases share when their rows are equal.
//
// Digest of a table, version 1: the sum of hashtextextended(row::text, 0) over its rows, in the pinned settings of a session (postgres.h),
// as a decimal string. Rows have no order, so none is needed; from server 12 on it is the same on every version. Covered are ordinary
// tables, each partition for itself, and neither what belongs to an extension nor what is computed (views, materialized or not).
//
// Digest of the schema, version 1: SHA-256 of one line for each table, column, index, constraint, view, trigger, function and enum.
// Expressions (defaults, checks, bodies of views) are left out: PostgreSQL may print the same one in other words after a dump and restore.
//
// Sequences move outside of transactions. One that is ahead is no difference, one that is behind is.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/database/postgres.h"

namespace playbook {

struct PostgresTable {
  std::uint64_t rows = 0;
  std::string digest;
  bool operator==(const PostgresTable&) const = default;
};

struct PostgresFingerprint {
  std::string schema;                             ///< digest
  std::map<std::string, PostgresTable> tables;    ///< by name as in SQL, without `public.`
  std::map<std::string, std::string> sequences;   ///< next value, by name
  std::map<std::string, std::string> extensions;  ///< version, by name
  std::uint64_t large_objects = 0;

  /// `{version=1, schema, tables={name={rows, digest}}, sequences={name=next}, extensions={name=version}, large_objects}`
  Json to_json() const;
  /// Throws `json.invalid`.
  static PostgresFingerprint from_json(const Json& value);
};

/// All of one moment: opens a read-only repeatable-read transaction unless the session is in one, and leaves that open. `progress` is
/// called after every table and may throw to stop.
PostgresFingerprint fingerprint(PostgresSession& session, const std::function<void()>& progress = nullptr);

/// One line for each difference, for people: `table notes: 3 rows more`, `schema differs`.
std::vector<std::string> differences(const PostgresFingerprint& before, const PostgresFingerprint& now);

}  // namespace playbook
