#include "runtime/database/postgres_server.h"

#include <algorithm>

#include "runtime/base/secret.h"
#include "runtime/base/text.h"
#include "runtime/database/postgres_direct.h"
#include "runtime/database/postgres_psql.h"

namespace playbook {

const char* const kPostgresEntry = R"(
PGUSER=${PGUSER:-${POSTGRES_USER:-postgres}}
PGDATABASE=${PGDATABASE:-${POSTGRES_DB:-$PGUSER}}
if [ -z "${PGPASSWORD:-}" ]; then
  PGPASSWORD=${POSTGRES_PASSWORD:-}
  if [ -z "$PGPASSWORD" ] && [ -r "${POSTGRES_PASSWORD_FILE:-}" ]; then PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE"); fi
fi
export PGUSER PGDATABASE PGPASSWORD
exec "$@" "--dbname=$PGDATABASE")";

namespace {

void name_it(Command& command, const PostgresOptions& options) {
  command.environment["PGAPPNAME"] = application_name(options.application);
  command.environment["PGCLIENTENCODING"] = "UTF8";
  command.environment["PGCONNECT_TIMEOUT"] = "10";
}

class PostgresService final : public PostgresServer {
 public:
  PostgresService(std::unique_ptr<Place> place, std::string user, std::string database)
      : place_(std::move(place)), user_(std::move(user)), database_(std::move(database)) {}

  std::string describe(const std::string& database) const override {
    const std::string& named = database.empty() ? database_ : database;
    return named.empty() ? "PostgreSQL of " + place_->describe() : "database " + named + " of " + place_->describe();
  }
  bool runs_here() const override { return false; }
  Json connection() const override { return Json::object(); }

  std::unique_ptr<PostgresSession> connect(const PostgresOptions& options) override {
    Command psql;
    psql.argv = {"psql"};
    return open_psql(*place_, enter(std::move(psql), options), describe(options.database), options);
  }

  Exit run(Command program, const PostgresOptions& options) override {
    return place_->run(enter(std::move(program), options), nullptr, options.cancel);
  }

 private:
  Command enter(Command command, const PostgresOptions& options) const {
    command.argv.insert(command.argv.begin(), {"sh", "-euc", kPostgresEntry, "sh"});
    const std::string& database = options.database.empty() ? database_ : options.database;
    if (!database.empty()) command.environment["PGDATABASE"] = database;
    if (!user_.empty()) command.environment["PGUSER"] = user_;
    name_it(command, options);
    return command;
  }

  const std::unique_ptr<Place> place_;
  const std::string user_, database_;
};

class DirectPostgres final : public PostgresServer {
 public:
  DirectPostgres(PostgresKeywords keywords, Children& children) : keywords_(std::move(keywords)), place_(children) {}

  std::string describe(const std::string& database) const override {
    PostgresKeywords keywords = with(database);
    std::string host = keywords["host"].empty() ? keywords["hostaddr"] : keywords["host"];
    std::string at = host.empty() ? "this host" : host + (keywords["port"].empty() ? "" : ":" + keywords["port"]);
    return (keywords["dbname"].empty() ? "PostgreSQL" : "database " + keywords["dbname"]) + " on " + at;
  }

  bool runs_here() const override { return true; }
  Json connection() const override {
    PostgresKeywords open = keywords_;
    open.erase("password"), open.erase("sslpassword");
    return open;
  }

  std::unique_ptr<PostgresSession> connect(const PostgresOptions& options) override {
    PostgresKeywords keywords = with(options.database);
    keywords["application_name"] = application_name(options.application);
    keywords["client_encoding"] = "UTF8";
    keywords.try_emplace("connect_timeout", "10");
    keywords.try_emplace("keepalives_idle", "30");
    keywords.try_emplace("tcp_user_timeout", "60000");
    return open_direct_postgres(keywords, describe(options.database), options);
  }

  // The password travels in the environment; all else in an argument, because not every keyword has a variable.
  Exit run(Command program, const PostgresOptions& options) override {
    PostgresKeywords keywords = with(options.database);
    if (keywords.contains("sslpassword"))
      throw Error(Code::unsupported, describe(options.database) + ": sslpassword cannot be given to " + program.argv.at(0) + " safely",
                  "use a client key without a password, readable only by its owner");
    if (keywords.contains("password")) program.environment["PGPASSWORD"] = keywords["password"];
    keywords.erase("password"), keywords.erase("application_name");
    std::string connection;
    for (const auto& [keyword, value] : keywords) connection += keyword + "=" + quoted(value) + " ";
    program.argv.push_back("--dbname=" + connection);
    program.argv.push_back("--no-password");
    name_it(program, options);
    return place_.run(program, nullptr, options.cancel);
  }

 private:
  PostgresKeywords with(const std::string& database) const {
    PostgresKeywords keywords = keywords_;
    if (!database.empty()) keywords["dbname"] = database;
    return keywords;
  }
  static std::string quoted(const std::string& value) {
    std::string text = "'";
    for (char c : value) text += (c == '\'' || c == '\\' ? "\\" : "") + std::string(1, c);
    return text + "'";
  }

  const PostgresKeywords keywords_;
  HostPlace place_;
};

PostgresKeywords parsed(const std::string& connection) {
  auto result = postgres_module().parse(connection);
  if (auto* keywords = std::get_if<PostgresKeywords>(&result)) return *keywords;
  // what libpq says may quote the string, and with it a password
  throw Error(Code::argument_invalid, "the address of the PostgreSQL server cannot be read",
              "write it as postgresql://USER@HOST:PORT/DATABASE; characters such as @ and / in a password are percent-encoded");
}

}  // namespace

std::unique_ptr<PostgresServer> make_postgres_service(std::unique_ptr<Place> place, std::string user, std::string database) {
  return std::make_unique<PostgresService>(std::move(place), std::move(user), std::move(database));
}

std::unique_ptr<PostgresServer> make_direct_postgres(const std::string& connection, Children& children) {
  return std::make_unique<DirectPostgres>(parsed(connection), children);
}

Json check_postgres_server(const Json& server, const std::filesystem::path& instance) {
  auto refuse = [](const std::string& message) {
    throw Error(Code::argument_invalid, "server: " + message,
                "give {project=compose.config(...), service=\"postgres\"}, or {url=secret.env(\"DATABASE_URL\")}");
  };
  if (!server.is_object()) refuse("expected a map");
  bool direct = server.contains("url");
  const std::vector<std::string> known =
      direct ? std::vector<std::string>{"url"} : std::vector<std::string>{"project", "service", "user", "database"};
  for (const auto& [key, value] : server.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      refuse("\"" + key + "\" does not belong there" + did_you_mean(key, known));
  if (direct) {
    const Json& url = server["url"];
    if (!url.is_string() && !is_secret(url)) refuse("url must be a string or a secret reference");
    if (url.is_string() && postgres_address(url).has_password)
      refuse("the url holds a password, which would be written into the journal; name it instead, such as with secret.env");
    return server;
  }
  for (const char* key : {"service", "user", "database"})
    if (server.contains(key) && (!server[key].is_string() || server[key].get<std::string>().empty()))
      refuse("\"" + std::string(key) + "\" must be a string that is not empty");
  if (!server.contains("service")) refuse("\"service\" is missing");
  if (!server.contains("project") || !server["project"].is_object()) refuse("\"project\" must be a project, such as {folder=\".\"}");
  Json complete = server;
  Json project = Json::object();  // what names it; what it holds may change
  for (const char* key : {"files", "name", "env_file"})
    if (server["project"].contains(key)) project[key] = server["project"][key];
  std::filesystem::path folder = (instance / get_or<std::string>(server["project"], "folder", ".")).lexically_normal();
  project["folder"] = (folder.has_filename() ? folder : folder.parent_path()).string();
  complete["project"] = std::move(project);
  return complete;
}

std::string postgres_label(const Json& server) {
  if (server.contains("url")) {
    const Json& url = server["url"];
    if (is_secret(url)) return "PostgreSQL at " + secret_label(url);
    PostgresKeywords keywords = parsed(url);
    return "database " + keywords["dbname"] + " on " + (keywords["host"].empty() ? "this host" : keywords["host"]);
  }
  std::string database = get_or<std::string>(server, "database", "");
  return (database.empty() ? "PostgreSQL" : "database " + database) + " of service " + server.at("service").get<std::string>();
}

PostgresAddress postgres_address(const std::string& connection) {
  PostgresKeywords keywords = parsed(connection);
  bool has_password = keywords.erase("password") + keywords.erase("sslpassword") > 0;
  return {keywords, has_password};
}

}  // namespace playbook
