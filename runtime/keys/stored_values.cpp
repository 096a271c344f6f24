#include "runtime/keys/stored_values.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr const char* kRowsAtOnce = "1000";

bool fits(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '*') return !text.empty() && pattern[0] == text[0] && fits(pattern.substr(1), text.substr(1));
  for (size_t skipped = 0; skipped <= text.size(); ++skipped)
    if (fits(pattern.substr(1), text.substr(skipped))) return true;
  return false;
}

bool is_chosen(const std::vector<std::string>& patterns, const std::string& schema, const std::string& name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    bool has_schema = std::count(pattern.begin(), pattern.end(), '.') > 1;
    return fits(has_schema ? pattern : "public." + pattern, schema + "." + name);
  });
}

std::uint64_t read_column(PostgresSession& session, const PostgresRow& found, const std::string& place, std::uint64_t sample,
                          const StoredValueSink& sink) {
  const std::string table = sql_name(*found.at(0)) + "." + sql_name(*found.at(1)), column = sql_name(*found.at(2));
  const std::string from = " from " + table + " where " + column + " is not null";
  const std::uint64_t count = std::stoull(session.text("select count(*)" + from));
  std::string rows = "select " + found.at(3).value_or("ctid::text") + ", " + column + "::text" + from;
  if (sample > 0 && count > sample) rows += " order by hashtext(ctid::text), ctid limit " + std::to_string(sample);
  session.query("declare playbook_values no scroll cursor for " + rows);
  for (;;) {
    const PostgresRows some = session.query(std::string("fetch ") + kRowsAtOnce + " from playbook_values");
    if (some.empty()) break;
    for (const PostgresRow& row : some) sink({place, row.at(0).value_or(""), row.at(1).value_or("")});
  }
  session.query("close playbook_values");
  return count;
}

}  // namespace

const char* const kStoredColumns = R"(
 select nspname, relname, attname,
        (select string_agg(format('%I::text', k.attname), ' || '','' || ' order by n)
           from pg_catalog.pg_index i, unnest(i.indkey) with ordinality as u (number, n), pg_catalog.pg_attribute k
          where i.indrelid = c.oid and i.indisprimary and k.attrelid = c.oid and k.attnum = u.number)
   from pg_catalog.pg_class c join pg_catalog.pg_namespace s on s.oid = relnamespace join pg_catalog.pg_attribute a on attrelid = c.oid
  where relkind = 'r' and attnum > 0 and not attisdropped and nspname <> 'information_schema' and nspname !~ '^pg_'
    and not exists (select from pg_catalog.pg_depend d where classid = 'pg_catalog.pg_class'::regclass and objid = c.oid and deptype = 'e')
  order by 1, 2, 3)";

std::map<std::string, std::uint64_t> read_columns(PostgresSession& session, const ColumnChoice& choice, const StoredValueSink& sink) {
  std::map<std::string, std::uint64_t> counts;
  session.query("begin isolation level repeatable read read only");
  for (const PostgresRow& found : session.query(kStoredColumns)) {
    std::string name = found.at(1).value() + "." + found.at(2).value();
    if (!is_chosen(choice.columns, *found.at(0), name)) continue;
    std::string place = *found.at(0) == "public" ? name : *found.at(0) + "." + name;
    counts[place] = read_column(session, found, place, choice.sample, sink);
  }
  session.query("commit");
  return counts;
}

}  // namespace playbook
