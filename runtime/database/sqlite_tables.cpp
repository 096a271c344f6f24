#include "runtime/database/sqlite_tables.h"

#include <algorithm>

namespace playbook {
namespace {

bool same_word(const std::string& a, const std::string& b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

// A column may be called rowid and then hides it; SQLite knows three names for it.
std::string rowid_name(const SqliteTable& table, Sqlite& database) {
  for (std::string name : {"rowid", "_rowid_", "oid"}) {
    auto hides = [&](const std::string& column) { return same_word(column, name); };
    if (std::none_of(table.columns.begin(), table.columns.end(), hides)) return name;
  }
  throw Error(Code::unsupported, "table " + table.name + " of " + database.path().string() + " has columns named rowid, _rowid_ and oid",
              "rename one of them: its rows cannot be read in a fixed order");
}

}  // namespace

std::vector<SqliteTable> sqlite_tables(Sqlite& database, const std::string& schema) {
  std::vector<SqliteTable> tables;
  SqliteStatement list(
      database,
      "select name, wr from pragma_table_list where schema = ? and type in ('table', 'shadow') and name not like 'sqlite~_stat%' "
      "escape '~' and name not in ('sqlite_schema', 'sqlite_temp_schema') order by name");
  list.bind(Json::array({schema}));
  while (list.step()) {
    SqliteTable table{list.value(0).get<std::string>(), {}, {}};
    bool without_rowid = list.value(1) != 0;
    SqliteStatement columns(database, "select name, pk, hidden from pragma_table_xinfo(?, ?)");
    columns.bind(Json::array({table.name, schema}));
    std::vector<std::pair<std::int64_t, std::string>> primary;
    while (columns.step()) {
      std::string name = columns.value(0).get<std::string>();
      if (columns.value(2) == 0) table.columns.push_back(name);
      if (columns.value(1) != 0) primary.emplace_back(columns.value(1).get<std::int64_t>(), name);
    }
    std::sort(primary.begin(), primary.end());
    if (without_rowid)
      for (auto& [place, name] : primary) table.key.push_back(name);
    else
      table.key.push_back(rowid_name(table, database));
    tables.push_back(std::move(table));
  }
  return tables;
}

std::string sqlite_names(const std::vector<std::string>& names, const std::string& prefix) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + prefix + sqlite_name(name);
  return text;
}

}  // namespace playbook
