// In which rows two databases of one server differ.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/database/postgres.h"

namespace playbook {

struct PostgresLoss {
  std::uint64_t added = 0;    ///< rows that only the present has
  std::uint64_t removed = 0;  ///< rows that only the copy has
  std::uint64_t changed = 0;  ///< rows with the same key and other values in the columns that both have
};

/// Rows of one table that both have, matched by primary key, or as wholes where there is none. `table` as in SQL. Both sessions are in a
/// transaction. Memory does not grow with the table.
PostgresLoss compare_rows(PostgresSession& present, PostgresSession& copy, const std::string& table);

}  // namespace playbook
