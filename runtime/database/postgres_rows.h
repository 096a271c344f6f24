// Rows of an application's database as plain values.
#pragma once

#include "runtime/base/json.h"
#include "runtime/database/postgres.h"

namespace playbook {

/// Runs somebody else's query in a read-only transaction and gives its rows as maps by column name, as PostgreSQL's row_to_json has them:
/// times in ISO 8601, bytea as `\x...`, json and arrays as lists and maps; numbers that a double would change are strings. `$1`, `$2` stand
/// for `args`: null, bool, number or string. Throws `argument.invalid`, and `postgres.failed` when there are more than `limit` rows.
Json query_rows(PostgresSession& session, const std::string& sql, const Json& args, size_t limit);

}  // namespace playbook
