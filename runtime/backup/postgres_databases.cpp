#include "runtime/backup/postgres_databases.h"

#include <algorithm>

#include "runtime/base/text.h"

namespace playbook {
namespace {

constexpr size_t kLongestName = 63;
constexpr int kSwapAttempts = 5;

constexpr const char* kDescription = R"(
select json_build_object(
         'catalog', to_jsonb(d) - 'datacl' - 'oid',
         'owner', pg_get_userbyid(datdba),
         'encoding', pg_encoding_to_char(encoding),
         'tablespace', (select spcname from pg_tablespace t where t.oid = dattablespace),
         'comment', shobj_description(d.oid, 'pg_database'),
         'server_version', current_setting('server_version'),
         'grants', (select json_agg(json_build_object('to', case grantee when 0 then null else pg_get_userbyid(grantee) end,
                                                      'privilege', privilege_type, 'grantable', is_grantable))
                      from aclexplode(datacl)),
         'settings', (select json_agg(json_build_object('role', case setrole when 0 then null else pg_get_userbyid(setrole) end, 'set', one))
                        from pg_db_role_setting, unnest(setconfig) as one where setdatabase = d.oid))
  from pg_database d where datname = )";

// What the sessions of a more powerful role do is hidden, so they count as busy.
constexpr const char* kBusy = R"(
select pid, coalesce(usename, '?'), coalesce(nullif(application_name, ''), 'a session'), coalesce(host(client_addr), 'local'),
       coalesce(state, 'hidden')
  from pg_stat_activity
 where pid <> pg_backend_pid() and coalesce(backend_type, 'client backend') = 'client backend' and state is distinct from 'idle'
   and application_name is distinct from current_setting('application_name') and datname = )";

// Settings whose value is a list of names: given as one literal it would become one name.
bool is_list(const std::string& setting) {
  constexpr const char* kLists[] = {"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"};
  return std::any_of(std::begin(kLists), std::end(kLists), [&](const char* name) { return setting == name; });
}

std::string setting_name(const std::string& name) {
  std::vector<std::string> parts;
  for (const std::string& part : split(name, '.')) parts.push_back(sql_name(part));
  return join(parts, ".");
}

std::string option(const char* words, const Json& catalog, const char* key) {
  std::string value = get_or<std::string>(catalog, key, "");
  return value.empty() ? "" : std::string(" ") + words + " " + sql_literal(value);
}

void end_sessions_in(PostgresSession& maintenance, const std::string& name) {
  maintenance.query("select pg_terminate_backend(pid) from pg_stat_activity where datname = " + sql_literal(name) +
                    " and pid <> pg_backend_pid()");
}

}  // namespace

std::string plain_name(const std::string& text) {
  std::string name;
  for (char c : text)
    name += std::isalnum(static_cast<unsigned char>(c)) ? static_cast<char>(std::tolower(static_cast<unsigned char>(c))) : '_';
  return name;
}

std::string mark_of(const std::string& set) { return plain_name(set.substr(0, set.find('-'))); }

std::unique_ptr<PostgresSession> open_maintenance(PostgresServer& server, PostgresOptions options, const std::string& database) {
  options.writes = true;
  options.database = database == "postgres" ? "template1" : "postgres";
  try {
    return server.connect(options);
  } catch (const Error& refused) {
    if (options.database == "template1" || get_or<std::string>(refused.details(), "sqlstate", "") != "3D000") throw;
  }
  options.database = "template1";
  return server.connect(options);
}

bool has_database(PostgresSession& maintenance, const std::string& name) {
  return maintenance.value("select 1 from pg_database where datname = " + sql_literal(name)).has_value();
}

Json describe_database(PostgresSession& session, const std::string& name) {
  return parse_json(session.text(kDescription + sql_literal(name)), "the description of database " + name);
}

std::string create_database_sql(const std::string& name, const Json& described) {
  const Json& catalog = described.at("catalog");
  std::string sql = "create database " + sql_name(name) + " template template0 owner " +
                    sql_name(described.at("owner").get<std::string>()) + " encoding " +
                    sql_literal(described.at("encoding").get<std::string>()) + option("lc_collate", catalog, "datcollate") +
                    option("lc_ctype", catalog, "datctype");
  std::string provider = get_or<std::string>(catalog, "datlocprovider", "c");
  if (provider == "i")
    sql += " locale_provider icu" + option("icu_locale", catalog, "daticulocale") + option("icu_locale", catalog, "datlocale");
  if (provider == "i") sql += option("icu_rules", catalog, "daticurules");
  if (provider == "b") sql += " locale_provider builtin" + option("builtin_locale", catalog, "datlocale");
  std::string tablespace = get_or<std::string>(described, "tablespace", "pg_default");
  return tablespace == "pg_default" ? sql : sql + " tablespace " + sql_name(tablespace);
}

std::vector<std::string> dress_database_sql(const std::string& name, const Json& described) {
  const std::string database = sql_name(name), owner = sql_name(described.at("owner").get<std::string>());
  std::vector<std::string> statements;
  const Json limit = get_or<Json>(described.at("catalog"), "datconnlimit", -1);
  if (limit != -1) statements.push_back("alter database " + database + " connection limit " + limit.dump());
  if (described.at("comment").is_string())
    statements.push_back("comment on database " + database + " is " + sql_literal(described["comment"].get<std::string>()));
  if (described.at("grants").is_array()) statements.push_back("revoke all on database " + database + " from public, " + owner);
  for (const Json& grant : get_or<Json>(described, "grants", Json::array()))
    statements.push_back("grant " + grant.at("privilege").get<std::string>() + " on database " + database + " to " +
                         (grant.at("to").is_null() ? "public" : sql_name(grant["to"].get<std::string>())) +
                         (grant.at("grantable").get<bool>() ? " with grant option" : ""));
  for (const Json& setting : get_or<Json>(described, "settings", Json::array())) {
    std::string pair = setting.at("set"), key = pair.substr(0, pair.find('=')), value = pair.substr(pair.find('=') + 1);
    std::string alter = setting.at("role").is_null()
                            ? "alter database " + database
                            : "alter role " + sql_name(setting["role"].get<std::string>()) + " in database " + database;
    if (!is_list(key)) {
      statements.push_back(alter + " set " + setting_name(key) + " to " + sql_literal(value));
      continue;
    }
    std::string current = "begin perform set_config(" + sql_literal(key) + ", " + sql_literal(value) + ", true); " + alter + " set " +
                          setting_name(key) + " from current; end";
    statements.push_back("do " + sql_literal(current));
  }
  return statements;
}

std::vector<std::string> dress_database(PostgresSession& maintenance, const std::string& name, const Json& described) {
  std::vector<std::string> denied;
  for (const std::string& statement : dress_database_sql(name, described)) try {
      maintenance.query(statement);
    } catch (const Error& refused) {
      if (get_or<std::string>(refused.details(), "sqlstate", "") != "42501") throw;
      denied.push_back(statement);
    }
  return denied;
}

void drop_database(PostgresSession& maintenance, const std::string& name) {
  if (!has_database(maintenance, name)) return;
  end_sessions_in(maintenance, name);
  maintenance.query("drop database if exists " + sql_name(name));  // waits some seconds for the ended ones
}

std::vector<std::string> busy_sessions(PostgresSession& maintenance, const std::string& name) {
  std::vector<std::string> lines;
  for (const PostgresRow& row : maintenance.query(kBusy + sql_literal(name) + " order by pid"))
    lines.push_back(*row[2] + " of " + *row[1] + " (" + *row[3] + ", " + *row[4] + ", pid " + *row[0] + ")");
  return lines;
}

std::string free_database_name(PostgresSession& maintenance, const std::string& database, const std::string& mark) {
  for (int i = 1;; ++i) {
    std::string end = "_" + mark + (i > 1 ? "_" + std::to_string(i) : "");
    size_t length = std::min(database.size(), kLongestName - end.size());
    while (length < database.size() && length > 0 && (static_cast<unsigned char>(database[length]) & 0xC0) == 0x80) --length;
    std::string name = database.substr(0, length) + end;
    if (!has_database(maintenance, name)) return name;
  }
}

void swap_databases(PostgresSession& maintenance, const std::string& fresh, const std::string& name, const std::string& kept,
                    const std::string& remark) {
  for (int attempt = 1;; ++attempt) {
    for (const std::string& database : {name, fresh}) end_sessions_in(maintenance, database);
    try {
      maintenance.query("begin");
      if (has_database(maintenance, name)) {
        maintenance.query("alter database " + sql_name(name) + " rename to " + sql_name(kept));
        maintenance.query("comment on database " + sql_name(kept) + " is " + sql_literal(remark));
      }
      maintenance.query("alter database " + sql_name(fresh) + " rename to " + sql_name(name));
      maintenance.query("commit");
      return;
    } catch (const Error& refused) {
      if (refused.code() == Code::cancelled) throw;
      maintenance.query("rollback");
      if (refused.code() != Code::postgres_locked || attempt == kSwapAttempts) throw;
    }
  }
}

}  // namespace playbook
