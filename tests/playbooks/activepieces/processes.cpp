#include "tests/playbooks/activepieces/processes.h"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/http/http.h"
#include "tests/playbooks/activepieces/stand_in/release.h"
#include "tests/playbooks/appstrate/processes.h"
#include "tests/support/http_server.h"
#include "tests/support/postgres_cluster.h"

namespace playbook::testing::pieces {
namespace {

namespace fs = std::filesystem;

const std::string kImage = "registry.test/activepieces/activepieces:", kOld = "0.82.1", kSeed = "pieces_seed";

void shell(const std::string& command) {
  if (std::system(("(" + command + ") > /dev/null 2>&1").c_str()) != 0) throw std::runtime_error(command + " failed");
}

/// What all instances share: the files of the releases, the `docker` command, a seeded database to copy.
struct Releases {
  TempFolder folder;
  Json registry = Json::object();

  Releases() {
    add(kOld, kOld, false, "");
    add("0.83.0", "0.83.0", false, "");
    add("0.82.9", "0.82.9", false, "");
    add("0.83.2", "0.83.0", true, "");
    add("0.83.3", "0.83.0", false, "crash");
    fs::create_directory(folder.path() / "bin");
    fs::create_symlink(fs::path(PLAYBOOK_BINARY_DIR) / "stand-in-docker", folder.path() / "bin/docker");
    ::setenv("PATH", ((folder.path() / "bin").string() + ":" + std::getenv("PATH")).c_str(), 1);
    postgres_cluster().make_database(kSeed);
    std::string variables = "APP_ROOT=" + root(kOld).string();
    for (const Json all = environment(kSeed); const auto& [name, value] : all.items())
      variables += " " + name + "='" + value.get<std::string>() + "'";
    shell(variables + " " PLAYBOOK_BINARY_DIR "/stand-in-activepieces rollback.js --to 0.99.0");  // migrates up, and has nothing to undo
    folder.write("seed.sql", seed_sql());
    const PostgresCluster& cluster = postgres_cluster();
    shell("psql -h " + cluster.socket().string() + " -p " + std::to_string(cluster.port()) + " -U shop -d " + kSeed +
          " -v ON_ERROR_STOP=1 -f " + (folder.path() / "seed.sql").string());
  }

  static Json environment(const std::string& database) {
    const PostgresCluster& cluster = postgres_cluster();
    return {{"AP_POSTGRES_HOST", cluster.socket().string()},
            {"AP_POSTGRES_PORT", std::to_string(cluster.port())},
            {"AP_POSTGRES_DATABASE", database},
            {"AP_POSTGRES_USERNAME", "shop"}};
  }
  fs::path root(const std::string& tag) const { return folder.path() / tag / "usr/src/app"; }
  void add(const std::string& tag, const std::string& release, bool fails, const std::string& fault) {
    write_release(folder.path() / tag, release, fails);
    const fs::path package = root(tag) / "package.json";
    Json written = parse_json(read_file(package), "package.json");
    written["version"] = tag;
    replace_file(package, written.dump());
    registry[kImage + tag] = {{"id", "sha256:pieces-" + tag},
                              {"root", (folder.path() / tag).string()},
                              {"env", {{"APP_ROOT", root(tag).string()}, {"STAND_IN_FAULT", fault}}},
                              {"cmd", {"node"}},
                              {"programs", {{"node", PLAYBOOK_BINARY_DIR "/stand-in-activepieces"}}}};
  }
};

const Releases& releases() {
  static const Releases all;
  return all;
}

std::string compose_file_of(const std::string& database, const std::string& release, int port) {
  Json settings = Releases::environment(database);
  settings["AP_ENCRYPTION_KEY"] = "${AP_ENCRYPTION_KEY:?set it}";
  Json app{{"image", kImage + release},
           {"restart", "unless-stopped"},
           {"environment", settings},
           {"ports", Json::array({{{"mode", "ingress"}, {"target", 80}, {"published", std::to_string(port)}, {"protocol", "tcp"}}})},
           {"depends_on", {{"postgres", {{"condition", "service_started"}}}}}};
  app["environment"]["AP_CONTAINER_TYPE"] = "APP";
  app["environment"]["AP_PORT"] = std::to_string(port);
  Json worker{{"image", kImage + release}, {"restart", "unless-stopped"}, {"environment", settings}};
  worker["environment"]["AP_CONTAINER_TYPE"] = "WORKER";
  const Json postgres{
      {"image", "postgres:16.8"}, {"restart", "unless-stopped"}, {"environment", {{"POSTGRES_USER", "shop"}, {"POSTGRES_DB", database}}}};
  return Json{{"name", database}, {"services", {{"app", app}, {"worker", worker}, {"postgres", postgres}}}}.dump(1) + "\n";
}

/// One container, whose AP_CONFIG_PATH is the folder `config` of the instance.
std::string pglite_file(const fs::path& instance, const std::string& release, int port) {
  const std::string config = (instance / "config").string();
  Json app{{"image", kImage + release},
           {"restart", "unless-stopped"},
           {"environment",
            {{"AP_ENCRYPTION_KEY", "${AP_ENCRYPTION_KEY:?set it}"},
             {"AP_DB_TYPE", "${AP_DB_TYPE}"},
             {"AP_CONFIG_PATH", "${AP_CONFIG_PATH}"},
             {"AP_REDIS_TYPE", "${AP_REDIS_TYPE}"},
             {"AP_PORT", std::to_string(port)}}},
           {"ports", Json::array({{{"mode", "ingress"}, {"target", 80}, {"published", std::to_string(port)}, {"protocol", "tcp"}}})},
           {"volumes", Json::array({{{"type", "bind"}, {"source", config}, {"target", config}}})}};
  return Json{{"name", database_name(instance)}, {"services", {{"activepieces", app}}}}.dump(1) + "\n";
}

std::string running(const fs::path& instance) {
  try {
    const std::string url = "http://127.0.0.1:" + read_file(instance / "port") + "/api/v1/flags";
    const HttpResponse answer = make_http_client()->send({.url = url});
    return parse_json(answer.body, "flags").at("CURRENT_VERSION");
  } catch (const Error&) {
    return "down";
  }
}

void start(const fs::path& instance, const std::string& release) {
  shell("cd " + instance.string() + " && docker compose up -d");
  for (int tries = 0; running(instance) != release; ++tries) {
    if (tries == 2000) throw std::runtime_error("the stand-in does not answer");
    ::usleep(5000);
  }
}

void lay_out_engine(const fs::path& instance, const std::string& release) {
  const fs::path engine = instance / ".engine";
  fs::create_directory(engine);
  ::setenv("STAND_IN_DOCKER", engine.c_str(), 1);
  const PostgresCluster& cluster = postgres_cluster();
  Json images{{kImage + release, releases().registry.at(kImage + release)}};
  images["postgres:16.8"] = {{"id", "sha256:postgres"},
                             {"external", true},
                             {"env", {{"PGHOST", cluster.socket().string()}, {"PGPORT", std::to_string(cluster.port())}}}};
  replace_file(engine / "images.json", images.dump());
  replace_file(engine / "registry.json", releases().registry.dump());
}

void lay_out(const fs::path& instance, const std::string& release) {
  const std::string database = database_name(instance);
  lay_out_engine(instance, release);
  const int port = closed_port();
  replace_file(instance / "docker-compose.yml", compose_file_of(database, release, port));
  replace_file(instance / ".env", "AP_ENCRYPTION_KEY=" + kKey + "\nAP_POSTGRES_HOST=postgres\n");
  replace_file(instance / "port", std::to_string(port));
  postgres_cluster().run("postgres", "create database " + database + " template " + kSeed + " owner shop");
  start(instance, release);
}

void lay_out_pglite(const fs::path& instance) {
  lay_out_engine(instance, kOld);
  const int port = closed_port();
  const fs::path config = instance / "config";
  fs::create_directories(config / "pglite/global");
  std::string control(8192, '\0');
  control[16] = 1;
  replace_file(config / "pglite/global/pg_control", control);
  replace_file(config / "pglite/PG_VERSION", "17\n");
  replace_file(config / "settings.json", "{}");
  replace_file(instance / "docker-compose.yml", pglite_file(instance, kOld, port));
  replace_file(instance / ".env",
               "AP_ENCRYPTION_KEY=" + kKey + "\nAP_DB_TYPE=PGLITE\nAP_REDIS_TYPE=MEMORY\nAP_CONFIG_PATH=" + config.string() + "\n");
  replace_file(instance / "port", std::to_string(port));
  start(instance, kOld);
}

/// The release in whose state all of it is, else what is mixed.
std::string pglite_state(const fs::path& instance) {
  const std::string file = read_file(instance / "docker-compose.yml"), runs = running(instance);
  const std::string migrated = read_file(instance / "config/pglite/migrations");
  for (const std::string release : {"0.82.1", "0.83.0"})
    if (runs == release && file == pglite_file(instance, release, std::stoi(read_file(instance / "port"))) &&
        (migrated.find("0.83") == std::string::npos) == (release == kOld))
      return release;
  return "answers " + runs + ", migrated by " + migrated;
}

std::string state(const fs::path& instance) {
  const std::string database = database_name(instance), file = read_file(instance / "docker-compose.yml"), runs = running(instance);
  PostgresCluster& cluster = postgres_cluster();
  const std::string rows = cluster.text(database,
                                        "select count(*) || ' migrations, ' || (select count(*) from app_connection) || "
                                        "' connections' from migrations");
  const std::string scratch =
      cluster.text("postgres", "select count(*) from pg_database where datname like '" + database + "%' and datname like '%rehears%'");
  std::string services;
  const Json containers = parse_json(read_file(instance / ".engine/containers.json"), "containers.json");
  for (const char* name : {"app", "worker"})
    for (const Json& one : containers)
      if (one["service"] == name)
        services += " " + one["image"].get<std::string>().substr(kImage.size()) + " " + one["state"].get<std::string>() + " " +
                    one["policy"].get<std::string>();
  for (const auto& [release, migrations] : {std::pair{"0.82.1", "353"}, std::pair{"0.82.9", "365"}, std::pair{"0.83.0", "366"}}) {
    const std::string well = std::string(" ") + release + " running unless-stopped";
    if (runs == release && file == compose_file_of(database, release, std::stoi(read_file(instance / "port"))) &&
        rows == std::string(migrations) + " migrations, 3 connections" && services == well + well && scratch == "0")
      return release;
  }
  return "answers " + runs + ", " + rows + "," + services + ", scratch " + scratch;
}

void clean(const fs::path& instance) {
  ::setenv("STAND_IN_DOCKER", (instance / ".engine").c_str(), 1);
  shell("cd " + instance.string() + " && docker compose down");
  PostgresCluster& cluster = postgres_cluster();
  for (const std::string& name : cluster.databases())
    if (name.starts_with(database_name(instance))) cluster.run("postgres", "drop database if exists " + sql_name(name) + " with (force)");
}

std::string between(const std::string& state, const std::string& from, const std::string& to) {
  return state == from ? "old" : state == to ? "new" : state;
}

}  // namespace

std::string database_name(const fs::path& instance) { return database_of(instance); }

Scenario upgrade_of_processes(const std::string& to) {
  releases();
  Scenario scenario;
  scenario.slack = 8;
  scenario.name = "activepieces/upgrade to " + to;
  scenario.playbook = "activepieces/upgrade";
  scenario.params = {{"to", to}};
  scenario.prepare = [](const fs::path& instance) { lay_out(instance, kOld); };
  scenario.judge = [](const fs::path& instance) { return between(state(instance), kOld, "0.83.0"); };
  scenario.clean = clean;
  return scenario;
}

Scenario pglite_upgrade(const std::string& to) {
  Scenario scenario = upgrade_of_processes(to);
  scenario.name = scenario.playbook = "activepieces/upgrade-pglite";
  scenario.accepts = {"jobs"};
  scenario.prepare = lay_out_pglite;
  scenario.judge = [](const fs::path& instance) { return between(pglite_state(instance), kOld, "0.83.0"); };
  return scenario;
}

Scenario rollback_by_command() {
  Scenario scenario = upgrade_of_processes("0.82.9");
  scenario.name = scenario.playbook = "activepieces/rollback";
  scenario.prepare = [](const fs::path& instance) { lay_out(instance, "0.83.0"); };
  scenario.judge = [](const fs::path& instance) { return between(state(instance), "0.83.0", "0.82.9"); };
  return scenario;
}

Scenario anew(bool pglite) {
  Scenario scenario = pglite ? pglite_upgrade("0.83.0") : upgrade_of_processes("0.83.0");
  scenario.name = scenario.playbook = "activepieces/restore";
  scenario.params = {{"set", "activepieces-0.82.1"}};
  scenario.prepare = [pglite, lay_out_one = scenario.prepare](const fs::path& instance) {
    lay_out_one(instance);
    const std::string there = "cd " + instance.string() + " && ", database = database_name(instance);
    shell(there + PLAYBOOK_BINARY_DIR "/playbook run activepieces/backup --accept jobs --yes && docker compose down && mkdir lost");
    shell(there + "mv docker-compose.yml .env .playbook " + (pglite ? "config" : "") +
          " lost/ && mkdir -m 700 .playbook && mv lost/.playbook/backups .playbook/");
    if (pglite) return;
    postgres_cluster().run("postgres", "drop database " + database + " with (force)");
    postgres_cluster().run("postgres", "create database " + database + " owner shop");
  };
  scenario.judge = [pglite](const fs::path& instance) {
    if (!fs::exists(instance / "docker-compose.yml")) return running(instance) == "down" ? std::string("old") : "runs without its files";
    return between(pglite ? pglite_state(instance) : state(instance), "nothing", kOld);
  };
  scenario.clean = [](const fs::path& instance) {
    if (!fs::exists(instance / "docker-compose.yml")) shell("cd " + instance.string() + " && cp lost/docker-compose.yml lost/.env .");
    clean(instance);
  };
  return scenario;
}

}  // namespace playbook::testing::pieces
