// A stand-in for Activepieces: it behaves towards an operator as facts of the real one say (migrations by time, rows of `migrations`,
// health, flags, log lines, the rollback command), and has invented SQL and no features. In an image it is the entrypoint, and `node` for
// `node dist/src/rollback.js ...`. STAND_IN_* are its own: how it is to misbehave.
#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/playbooks/activepieces/stand_in/rollback.h"
#include "tests/playbooks/appstrate/stand_in/log.h"
#include "tests/playbooks/appstrate/stand_in/server.h"

using namespace stand_in;
using Json = nlohmann::ordered_json;

namespace {

std::string variable(const char* name, const std::string& fallback = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : fallback;
}

std::string root() { return variable("APP_ROOT", "/usr/src/app"); }

std::string release() {
  std::ifstream file(root() + "/package.json");
  return Json::parse(file).at("version");
}

Database open_database() {
  if (std::string url = variable("AP_POSTGRES_URL"); !url.empty()) return Database(url);
  if (variable("AP_POSTGRES_HOST").empty())
    throw std::runtime_error(
        "ActivepiecesError: SYSTEM_PROP_NOT_DEFINED: System property AP_POSTGRES_HOST is not defined, please check the documentation");
  std::string text;
  for (const auto& [key, name] :
       {std::pair{"host", "AP_POSTGRES_HOST"}, std::pair{"port", "AP_POSTGRES_PORT"}, std::pair{"dbname", "AP_POSTGRES_DATABASE"},
        std::pair{"user", "AP_POSTGRES_USERNAME"}, std::pair{"password", "AP_POSTGRES_PASSWORD"}}) {
    std::string value = std::regex_replace(variable(name), std::regex(R"(([\\']))"), R"(\$1)");
    if (!value.empty()) text += std::string(key) + "='" + value + "' ";
  }
  return Database(text);
}

bool is_pglite() { return variable("AP_DB_TYPE") == "PGLITE"; }

/// As what PGlite leaves in its folder: its pg_control says whether it was shut down, and a file tells which releases migrated it.
class Pglite {
 public:
  Pglite() : held_(folder() + "/PG_VERSION") {
    say(6);  // in production
    std::ofstream(folder() + "/migrations", std::ios::app) << release() << "\n";
  }
  ~Pglite() { say(1); }  // shut down

 private:
  static std::string folder() { return variable("AP_CONFIG_PATH", "/root/.activepieces") + "/pglite"; }
  static void say(char state) {
    std::fstream control(folder() + "/global/pg_control", std::ios::in | std::ios::out | std::ios::binary);
    control.seekp(16);
    control.put(state);
  }
  std::ifstream held_;
};

void wait_for_the_end() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  sigwaitinfo(&stop, nullptr);
}

Response answer(const Request& request) {
  if (request.path == "/api/v1/health") {
    try {
      if (!is_pglite()) open_database().query("select 1");
      return {200, R"({"status":"Healthy"})"};
    } catch (const PostgresError&) {
      return {503, R"({"status":"Unhealthy"})"};
    }
  }
  if (request.path == "/api/v1/flags") return {200, Json{{"CURRENT_VERSION", release()}, {"LATEST_VERSION", "0.0.0"}}.dump()};
  return {404, "{}"};
}

int serve() {
  if (!std::regex_match(variable("AP_ENCRYPTION_KEY"), std::regex("[A-Za-z0-9]{32}"))) {
    log_plain("AP_ENCRYPTION_KEY is missing or invalid, it must be 32 letters and digits");
    return 1;
  }
  std::unique_ptr<Pglite> pglite;
  if (is_pglite()) {
    pglite = std::make_unique<Pglite>();
  } else {
    Database database = open_database();
    database.execute("select pg_advisory_lock(82)");  // the real one takes a lock in Redis
    migrate_up(database, read_migrations(root()));
    database.execute("select pg_advisory_unlock(82)");
  }
  if (variable("STAND_IN_FAULT") == "crash") throw std::runtime_error("queue is not defined");
  Server server(std::stoi(variable("AP_PORT", "80")), answer);
  log_plain("The application started on " + variable("AP_FRONTEND_URL", "http://localhost:8080") +
            ", as specified by the AP_FRONTEND_URL variables.");
  if (variable("STAND_IN_FAULT") != "never-ready") log(kInfo, "Queues migrated and consumers run");
  wait_for_the_end();
  return 0;
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> arguments(words + 1, words + count);
  if (!arguments.empty() && arguments[0].ends_with("rollback.js"))
    return roll_back({arguments.begin() + 1, arguments.end()}, read_migrations(root()), open_database);
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigaddset(&stop, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  try {
    if (variable("AP_CONTAINER_TYPE") != "WORKER") return serve();
    log(kInfo, "worker " + release() + " started");
    wait_for_the_end();
    return 0;
  } catch (const std::exception& error) {
    log(kError, "[main#start] Failed to start server", {{"error", error.what()}});
  }
  return 1;
}
