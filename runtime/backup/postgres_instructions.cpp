#include "runtime/backup/postgres_instructions.h"

#include "runtime/backup/postgres_databases.h"
#include "runtime/base/text.h"
#include "runtime/database/postgres_server.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

// A shell function `on DATABASE PROGRAM...`, which runs a program with a connection.
std::string reach_by_hand(const Stored& stored) {
  const Json& server = stored.source.spec.at("server");
  std::string text;
  if (server.contains("service")) {
    const Json& project = server.at("project");
    text = "docker compose --project-directory " + shell_quoted(project.at("folder").get<std::string>());
    for (const Json& file : get_or<Json>(project, "files", Json::array()))
      text += " -f " + shell_quoted((fs::path(project["folder"].get<std::string>()) / file.get<std::string>()).string());
    if (project.contains("name") && project["name"].is_string()) text += " -p " + shell_quoted(project["name"].get<std::string>());
    if (project.contains("env_file") && project["env_file"].is_string())
      text +=
          " --env-file " + shell_quoted((fs::path(project["folder"].get<std::string>()) / project["env_file"].get<std::string>()).string());
    text += " exec -T -e PGDATABASE=\"$database\"";
    if (server.contains("user")) text += " -e PGUSER=" + shell_quoted(server["user"].get<std::string>());
    text += " " + shell_quoted(server.at("service").get<std::string>()) + " sh -euc " + shell_quoted(kPostgresEntry) + " sh \"$@\"";
  } else {
    Json connection = stored.source.state.at("connection");
    connection.erase("dbname");
    std::string words;
    for (const auto& [key, value] : connection.items()) words += key + "='" + value.get<std::string>() + "' ";
    text = "\"$@\" --no-password --dbname=" + shell_quoted(words) + "\"dbname='$database'\"";
  }
  return "on() {\n  database=$1\n  shift\n  " + text + "\n}\n";
}

std::string psql_block(const std::string& maintenance, const std::vector<std::string>& statements) {
  std::string text = "on " + maintenance + " psql -X -q -v ON_ERROR_STOP=1 >/dev/null <<'SQL'\n";
  for (const std::string& statement : statements) text += statement + ";\n";
  return text + "SQL\n";
}

}  // namespace

std::string postgres_instructions(const Stored& stored) {
  const Json& described = stored.source.state.at("describes");
  std::string database = stored.source.state.at("database"), fresh = database.substr(0, 40) + "_restoring";
  std::string kept = database.substr(0, 35) + "_before_" + mark_of(stored.manifest.name);
  std::string maintenance = database == "postgres" ? "template1" : "postgres";
  bool direct = !stored.source.spec.at("server").contains("service");
  std::vector<std::string> swap{
      "select pg_terminate_backend(pid) from pg_stat_activity where datname in (" + sql_literal(database) + ", " + sql_literal(fresh) + ")",
      "begin", "alter database " + sql_name(database) + " rename to " + sql_name(kept),
      "alter database " + sql_name(fresh) + " rename to " + sql_name(database), "commit"};
  return "**The database " + stored.source.name + "**, `" + database + "`, of PostgreSQL " +
         described.at("server_version").get<std::string>() + ": load it beside, then swap the names; the old one is kept as\n   `" + kept +
         "`." + (direct ? " The password is taken from `PGPASSWORD` or `~/.pgpass`." : "") + "\n\n```sh\n" + reach_by_hand(stored) +
         psql_block(maintenance, {"drop database if exists " + sql_name(fresh), create_database_sql(fresh, described)}) + "zstd -d -c -q " +
         shell_quoted(stored.source.name + ".dump.zst") + " | on " + shell_quoted(fresh) + " pg_restore --exit-on-error\n" +
         psql_block(maintenance, dress_database_sql(fresh, described)) + psql_block(maintenance, swap) + "```\n";
}

}  // namespace playbook
