#include "runtime/backup/postgres_loss.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr int kBatch = 5000;

std::vector<std::string> names(PostgresSession& session, const std::string& sql) {
  std::vector<std::string> list;
  for (PostgresRow& row : session.query(sql)) list.push_back(row.at(0).value());
  return list;
}

std::vector<std::string> columns_of(PostgresSession& session, const std::string& table) {
  return names(session, "select quote_ident(attname) from pg_attribute where attrelid = " + sql_literal(table) +
                            "::regclass and attnum > 0 and not attisdropped order by attname collate \"C\"");
}

std::vector<std::string> key_of(PostgresSession& session, const std::string& table) {
  return names(
      session,
      "select quote_ident(attname) from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = " +
          sql_literal(table) + "::regclass and indisprimary order by attname collate \"C\"");
}

std::string row_of(const std::vector<std::string>& columns) {
  std::vector<std::string> qualified;
  for (const std::string& column : columns) qualified.push_back("own_row." + column);
  return "row(" + join(qualified, ", ") + ")::text";
}

// Key and digest of all rows, in the order of the key's bytes.
class Rows {
 public:
  Rows(PostgresSession& session, const std::string& table, const std::string& key, const std::string& values) : session_(session) {
    session_.query("declare playbook_rows no scroll cursor for select " + key + " collate \"C\", hashtextextended(" + values +
                   ", 0) from only " + table + " as own_row order by 1, 2");
    fetch();
  }
  ~Rows() {
    try {
      session_.query("close playbook_rows");
    } catch (const Error&) {
      // the session is lost, and the cursor with it
    }
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  bool at_end() const { return batch_.empty(); }
  const std::string& key() const { return *batch_[at_][0]; }
  const std::string& digest() const { return *batch_[at_][1]; }
  void next() {
    if (++at_ == batch_.size()) fetch();
  }

 private:
  void fetch() {
    batch_ = session_.query("fetch " + std::to_string(kBatch) + " from playbook_rows");
    at_ = 0;
  }

  PostgresSession& session_;
  PostgresRows batch_;
  size_t at_ = 0;
};

}  // namespace

PostgresLoss compare_rows(PostgresSession& present, PostgresSession& copy, const std::string& table) {
  std::vector<std::string> shared, then = columns_of(copy, table), key = key_of(present, table);
  for (std::string& column : columns_of(present, table))
    if (std::find(then.begin(), then.end(), column) != then.end()) shared.push_back(std::move(column));
  if (key != key_of(copy, table)) key.clear();
  std::string values = row_of(shared), identity = key.empty() ? values : row_of(key);
  Rows now(present, table, identity, values), was(copy, table, identity, values);
  PostgresLoss loss;
  while (!now.at_end() || !was.at_end()) {
    int order = now.at_end() ? 1 : was.at_end() ? -1 : now.key().compare(was.key());
    if (order < 0) ++loss.added;
    if (order > 0) ++loss.removed;
    if (order == 0 && now.digest() != was.digest()) ++loss.changed;
    if (order <= 0) now.next();
    if (order >= 0) was.next();
  }
  return loss;
}

}  // namespace playbook
