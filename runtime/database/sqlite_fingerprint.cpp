#include "runtime/database/sqlite_fingerprint.h"

#include <sqlite3.h>

#include <algorithm>
#include <bit>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "runtime/database/sqlite_tables.h"

namespace playbook {
namespace {

constexpr size_t kFlush = 64 * 1024;

void append_number(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

void append_bytes(std::string& out, char kind, const void* data, size_t size) {
  out += kind;
  append_number(out, size);
  if (size > 0) out.append(static_cast<const char*>(data), size);
}

// The encoding of one value that the header describes.
void append_value(std::string& out, sqlite3_stmt* row, int column) {
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      out += 'i';
      append_number(out, static_cast<std::uint64_t>(sqlite3_column_int64(row, column)));
      break;
    case SQLITE_FLOAT:
      out += 'r';
      append_number(out, std::bit_cast<std::uint64_t>(sqlite3_column_double(row, column)));
      break;
    case SQLITE_TEXT: {
      const void* data = sqlite3_column_text(row, column);
      append_bytes(out, 't', data, static_cast<size_t>(sqlite3_column_bytes(row, column)));
      break;
    }
    case SQLITE_BLOB: {
      const void* data = sqlite3_column_blob(row, column);
      append_bytes(out, 'b', data, static_cast<size_t>(sqlite3_column_bytes(row, column)));
      break;
    }
    default:
      out += 'n';
  }
}

TableFingerprint table_fingerprint(Sqlite& database, const SqliteTable& table, const std::function<void(std::uint64_t)>& progress) {
  Sha256 hash;
  std::string buffer;
  auto flush = [&] {
    hash.update(buffer);
    if (progress) progress(buffer.size());
    buffer.clear();
  };
  for (const std::string& column : table.columns) append_bytes(buffer, 'C', column.data(), column.size());
  SqliteStatement rows(
      database, "select " + sqlite_names(table.columns) + " from main." + sqlite_name(table.name) + " order by " + sqlite_names(table.key));
  TableFingerprint found;
  while (rows.step()) {
    ++found.rows;
    buffer += 'R';
    for (int i = 0; i < rows.columns(); ++i) append_value(buffer, rows.raw(), i);
    if (buffer.size() >= kFlush) flush();
  }
  flush();
  found.digest = hash.finish();
  return found;
}

// White space outside quotes becomes one blank, so that a schema written on one line and on many is the same.
std::string normalised(std::string_view sql) {
  std::string text;
  char quote = 0;
  for (char c : sql) {
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n' || c == '\r')) {
      if (!text.empty() && text.back() != ' ') text += ' ';
      continue;
    }
    if (quote != 0 && c == quote)
      quote = 0;
    else if (quote == 0 && (c == '\'' || c == '"' || c == '`' || c == '['))
      quote = c == '[' ? ']' : c;
    text += c;
  }
  return text;
}

std::string schema_digest(Sqlite& database) {
  SqliteStatement rows(database,
                       "select type, name, tbl_name, ifnull(sql, '') from sqlite_schema where name not like 'sqlite~_stat%' escape '~'");
  std::vector<std::string> lines;
  while (rows.step()) {
    auto text = [&](int column) { return rows.value(column).get<std::string>(); };
    lines.push_back(text(0) + " " + text(1) + " " + text(2) + " " + normalised(text(3)));
  }
  std::sort(lines.begin(), lines.end());
  return sha256(join(lines, "\n"));
}

std::string count(std::uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

// Values of the left and of the right half of the present row, encoded.
bool halves_differ(SqliteStatement& row, int begin, int width) {
  std::string left, right;
  for (int i = 0; i < width; ++i) {
    append_value(left, row.raw(), begin + i);
    append_value(right, row.raw(), begin + width + i);
  }
  return left != right;
}

std::uint64_t rows_of(Sqlite& database, const std::string& table) {
  SqliteStatement statement(database, "select count(*) from " + table);
  statement.step();
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement.raw(), 0));
}

TableLoss compare_table(Sqlite& database, const SqliteTable& now, const SqliteTable& then) {
  std::vector<std::string> shared;
  for (const std::string& column : now.columns)
    if (std::find(then.columns.begin(), then.columns.end(), column) != then.columns.end()) shared.push_back(column);
  std::string on;
  for (size_t i = 0; i < now.key.size(); ++i)
    on += (i ? " and now." : "now.") + sqlite_name(now.key[i]) + " = was." + sqlite_name(then.key[i]);
  std::string values = shared.empty() ? "" : ", " + sqlite_names(shared, "now.") + ", " + sqlite_names(shared, "was.");
  std::string name = sqlite_name(now.name);
  SqliteStatement pairs(database, "select was." + sqlite_name(then.key[0]) + " is not null" + values + " from main." + name +
                                      " now left join copy." + name + " was on " + on);
  TableLoss loss;
  std::uint64_t matched = 0;
  while (pairs.step()) {
    if (sqlite3_column_int(pairs.raw(), 0) == 0)
      ++loss.added;
    else if (++matched; halves_differ(pairs, 1, static_cast<int>(shared.size())))
      ++loss.changed;
  }
  loss.removed = rows_of(database, "copy." + name) - matched;
  return loss;
}

}  // namespace

Json SqliteFingerprint::to_json() const {
  Json list = Json::object();
  for (const auto& [name, table] : tables) list[to_utf8(name)] = {{"rows", table.rows}, {"digest", table.digest}};
  return {{"version", 1}, {"user_version", user_version}, {"schema", schema}, {"tables", list}};
}

SqliteFingerprint SqliteFingerprint::from_json(const Json& value) {
  try {
    SqliteFingerprint fingerprint;
    fingerprint.user_version = value.at("user_version").get<std::int64_t>();
    fingerprint.schema = value.at("schema").get<std::string>();
    for (const auto& [name, table] : value.at("tables").items())
      fingerprint.tables[name] = {table.at("rows").get<std::uint64_t>(), table.at("digest").get<std::string>()};
    return fingerprint;
  } catch (const Json::exception&) {
    throw Error(Code::json_invalid, "a SQLite fingerprint must have user_version, schema, and tables with rows and digest");
  }
}

SqliteFingerprint fingerprint(Sqlite& database, const std::function<void(std::uint64_t)>& progress) {
  SqliteSnapshot one_state(database);
  SqliteFingerprint found;
  found.user_version = database.scalar("pragma user_version").get<std::int64_t>();
  found.schema = schema_digest(database);
  for (const SqliteTable& table : sqlite_tables(database)) found.tables[to_utf8(table.name)] = table_fingerprint(database, table, progress);
  return found;
}

std::map<std::string, TableLoss> compare_rows(Sqlite& present, const std::filesystem::path& copy, const std::vector<std::string>& tables) {
  present.execute("attach ? as copy", Json::array({copy.string()}));
  std::map<std::string, TableLoss> losses;
  {
    SqliteSnapshot one_state(present);
    auto now = sqlite_tables(present), then = sqlite_tables(present, "copy");
    auto find = [](const std::vector<SqliteTable>& list, const std::string& name) {
      return std::find_if(list.begin(), list.end(), [&](const SqliteTable& table) { return table.name == name; });
    };
    for (const std::string& name : tables) {
      auto left = find(now, name), right = find(then, name);
      TableLoss loss;
      if (left != now.end() && right != then.end() && left->key.size() == right->key.size())
        loss = compare_table(present, *left, *right);
      else {
        if (left != now.end()) loss.added = rows_of(present, "main." + sqlite_name(name));
        if (right != then.end()) loss.removed = rows_of(present, "copy." + sqlite_name(name));
      }
      if (loss != TableLoss{}) losses[name] = loss;
    }
  }
  present.script("detach copy");
  return losses;
}

std::vector<std::string> differences(const SqliteFingerprint& before, const SqliteFingerprint& now) {
  std::vector<std::string> lines;
  if (before.user_version != now.user_version)
    lines.push_back("user_version " + std::to_string(now.user_version) + " instead of " + std::to_string(before.user_version));
  if (before.schema != now.schema) lines.push_back("another schema");
  for (const auto& [name, table] : before.tables) {
    auto found = now.tables.find(name);
    if (found == now.tables.end())
      lines.push_back("table " + name + ": gone, it had " + count(table.rows, "row"));
    else if (found->second.rows > table.rows)
      lines.push_back("table " + name + ": " + count(found->second.rows - table.rows, "row") + " more");
    else if (found->second.rows < table.rows)
      lines.push_back("table " + name + ": " + count(table.rows - found->second.rows, "row") + " fewer");
    else if (found->second.digest != table.digest)
      lines.push_back("table " + name + ": as many rows with other values");
  }
  for (const auto& [name, table] : now.tables)
    if (!before.tables.contains(name)) lines.push_back("table " + name + ": new, with " + count(table.rows, "row"));
  return lines;
}

}  // namespace playbook
