#include "runtime/database/postgres_fingerprint.h"

#include "runtime/base/hash.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

// Relations that are the application's own: `own` has oid, name (as in SQL, without `public.`) and full name.
constexpr const char* kOwn = R"(
 with own as (
   select c.oid, relkind, relpersistence, quote_ident(nspname) || '.' || quote_ident(relname) as full_name,
          case nspname when 'public' then '' else quote_ident(nspname) || '.' end || quote_ident(relname) as name
     from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = relnamespace
    where nspname <> 'information_schema' and nspname !~ '^pg_'
      and not exists (select from pg_catalog.pg_depend d where classid = 'pg_catalog.pg_class'::regclass and objid = c.oid and deptype = 'e')))";

constexpr const char* kTables = " select name, full_name from own where relkind = 'r' order by name collate \"C\"";

constexpr const char* kSequences = R"(
 select name, coalesce(pg_sequence_last_value(oid)::numeric + seqincrement, seqstart)::text, seqincrement > 0
   from own join pg_catalog.pg_sequence on seqrelid = oid)";

constexpr const char* kExtensions = "select extname, extversion from pg_catalog.pg_extension";
constexpr const char* kLargeObjects = "select count(*) from pg_catalog.pg_largeobject_metadata";

// One line for each thing that makes up the schema.
constexpr const char* kSchema = R"(
 select concat_ws(' ', 'relation', name, relkind, relpersistence) from own where relkind not in ('i', 'I', 'S')
 union all
 select concat_ws(' ', 'column', name, row_number() over (partition by name order by attnum), quote_ident(attname),
                  format_type(atttypid, atttypmod), attnotnull, atthasdef, attidentity, attgenerated, collname)
   from own join pg_catalog.pg_attribute on attrelid = own.oid left join pg_catalog.pg_collation l on l.oid = attcollation
  where relkind in ('r', 'p', 'v', 'm', 'f', 'c') and attnum > 0 and not attisdropped
 union all
 select concat_ws(' ', 'index', name, quote_ident(i.relname), indisunique, indisprimary, indisvalid,
                  case when indexprs is null and indpred is null then pg_get_indexdef(indexrelid) end)
   from own join pg_catalog.pg_index on indrelid = own.oid join pg_catalog.pg_class i on i.oid = indexrelid
 union all
 select concat_ws(' ', 'constraint', name, quote_ident(conname), contype, convalidated, condeferrable, condeferred,
                  case when contype in ('p', 'u', 'f') then pg_get_constraintdef(k.oid) end)
   from own join pg_catalog.pg_constraint k on conrelid = own.oid
 union all
 select concat_ws(' ', 'trigger', name, quote_ident(tgname), tgenabled, tgfoid::regproc)
   from own join pg_catalog.pg_trigger on tgrelid = own.oid where not tgisinternal
 union all
 select concat_ws(' ', 'policy', name, quote_ident(polname), polcmd) from own join pg_catalog.pg_policy on polrelid = own.oid
 union all
 select concat_ws(' ', 'function', p.oid::regprocedure, prokind, md5(prosrc))
   from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = pronamespace
  where nspname <> 'information_schema' and nspname !~ '^pg_'
    and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
 union all
 select concat_ws(' ', 'enum', enumtypid::regtype, row_number() over (partition by enumtypid order by enumsortorder), quote_literal(enumlabel))
   from pg_catalog.pg_enum)";

std::string own(const char* question) { return std::string(kOwn) + question; }

// With `.*` this is the whole row even where a column bears the name of the alias.
std::string table_sql(const std::string& full_name) {
  return "select count(*), coalesce(sum(hashtextextended((own_row.*)::text, 0)::numeric), 0) from only " + full_name + " as own_row";
}

std::string count(std::uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

std::string how_it_differs(const PostgresTable& was, const PostgresTable& now) {
  if (now.rows > was.rows) return count(now.rows - was.rows, "row") + " more";
  if (now.rows < was.rows) return count(was.rows - now.rows, "row") + " fewer";
  return "other values";
}

// Decimal texts of any length.
bool is_less(const std::string& a, const std::string& b) {
  bool a_negative = a.starts_with('-'), b_negative = b.starts_with('-');
  if (a_negative != b_negative) return a_negative;
  bool shorter = a.size() != b.size() ? a.size() < b.size() : a < b;
  return a != b && shorter != a_negative;
}

}  // namespace

PostgresFingerprint fingerprint(PostgresSession& session, const std::function<void()>& progress) {
  if (session.text("select current_setting('transaction_isolation')") != "repeatable read")
    session.query("begin isolation level repeatable read read only");
  session.query("set local search_path = ''");
  PostgresFingerprint found;
  std::vector<std::string> lines;
  for (PostgresRow& line : session.query(own(kSchema))) lines.push_back(std::move(line.at(0)).value_or(""));
  std::sort(lines.begin(), lines.end());
  found.schema = sha256(join(lines, "\n"));
  for (PostgresRow& row : session.query(kExtensions)) found.extensions[row.at(0).value()] = row.at(1).value();
  found.large_objects = std::stoull(session.text(kLargeObjects));
  for (PostgresRow& row : session.query(own(kSequences)))  // next value; `down` for one that counts down
    found.sequences[row.at(0).value()] = row.at(2) == "t" ? row.at(1).value() : "down " + row.at(1).value();
  for (const PostgresRow& row : session.query(own(kTables))) {
    PostgresRows counted = session.query(table_sql(row.at(1).value()));
    found.tables[row.at(0).value()] = {std::stoull(counted.at(0).at(0).value()), counted.at(0).at(1).value()};
    if (progress) progress();
  }
  return found;
}

std::vector<std::string> differences(const PostgresFingerprint& before, const PostgresFingerprint& now) {
  std::vector<std::string> lines;
  for (const auto& [name, was] : before.tables) {
    auto found = now.tables.find(name);
    if (found == now.tables.end())
      lines.push_back("table " + name + " is gone");
    else if (found->second != was)
      lines.push_back("table " + name + ": " + how_it_differs(was, found->second));
  }
  for (const auto& [name, table] : now.tables)
    if (!before.tables.contains(name)) lines.push_back("table " + name + " is new");
  if (before.schema != now.schema) lines.push_back("the schema differs");
  for (const auto& [name, was] : before.sequences) {
    auto found = now.sequences.find(name);
    if (found == now.sequences.end()) continue;  // the schema says so
    bool down = was.starts_with("down ");
    if (down == found->second.starts_with("down ") &&
        (down ? is_less(was.substr(5), found->second.substr(5)) : is_less(found->second, was)))
      lines.push_back("sequence " + name + " is behind");
  }
  for (const auto& [name, version] : before.extensions) {
    auto found = now.extensions.find(name);
    if (found == now.extensions.end())
      lines.push_back("extension " + name + " is gone");
    else if (found->second != version)
      lines.push_back("extension " + name + ": version " + found->second + " instead of " + version);
  }
  for (const auto& [name, version] : now.extensions)
    if (!before.extensions.contains(name)) lines.push_back("extension " + name + " is new");
  if (before.large_objects != now.large_objects)
    lines.push_back("large objects: " + std::to_string(now.large_objects) + " instead of " + std::to_string(before.large_objects));
  return lines;
}

Json PostgresFingerprint::to_json() const {
  Json list = Json::object();
  for (const auto& [name, table] : tables) list[name] = {{"rows", table.rows}, {"digest", table.digest}};
  return {{"version", 1},           {"schema", schema},         {"tables", list},
          {"sequences", sequences}, {"extensions", extensions}, {"large_objects", large_objects}};
}

PostgresFingerprint PostgresFingerprint::from_json(const Json& value) {
  try {
    PostgresFingerprint fingerprint;
    fingerprint.schema = value.at("schema").get<std::string>();
    for (const auto& [name, table] : value.at("tables").items())
      fingerprint.tables[name] = {table.at("rows").get<std::uint64_t>(), table.at("digest").get<std::string>()};
    fingerprint.sequences = value.at("sequences").get<std::map<std::string, std::string>>();
    fingerprint.extensions = value.at("extensions").get<std::map<std::string, std::string>>();
    fingerprint.large_objects = value.at("large_objects").get<std::uint64_t>();
    return fingerprint;
  } catch (const Json::exception&) {
    throw Error(Code::json_invalid,
                "a PostgreSQL fingerprint must have schema, sequences, extensions, large_objects, and tables with rows and digest");
  }
}

}  // namespace playbook
