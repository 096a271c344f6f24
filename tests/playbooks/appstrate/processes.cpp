#include "tests/playbooks/appstrate/processes.h"

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/http/http.h"
#include "tests/playbooks/appstrate/stand_in/release.h"
#include "tests/support/http_server.h"
#include "tests/support/postgres_cluster.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

const std::string kImage = "registry.test/appstrate/appstrate:", kSidecar = "registry.test/appstrate/appstrate-sidecar:";
constexpr int kOldMigrations = 30, kNewMigrations = 39;

void shell(const std::string& command) {
  if (std::system(("(" + command + ") > /dev/null 2>&1").c_str()) != 0) throw std::runtime_error(command + " failed");
}

/// What all instances share: the files of the releases, the `docker` command, a seeded database to copy.
struct Shared {
  TempFolder folder;
  Json registry = Json::object();

  Shared() {
    add("1.0.0-beta.41", Flaw::none, "");
    add("1.0.0-beta.42", Flaw::none, "");
    add("1.0.0-beta.51", Flaw::none, "");
    add("1.0.0-beta.50", Flaw::fails_to_migrate, "");
    add("1.0.0-beta.49", Flaw::none, "crash");
    fs::create_directory(folder.path() / "bin");
    fs::create_symlink(fs::path(PLAYBOOK_BINARY_DIR) / "stand-in-docker", folder.path() / "bin/docker");
    ::setenv("PATH", ((folder.path() / "bin").string() + ":" + std::getenv("PATH")).c_str(), 1);
    postgres_cluster().make_database("appstrate_seed");
    shell("APP_ROOT=" + (folder.path() / "1.0.0-beta.41").string() + " DATABASE_URL='" + address("appstrate_seed") + "' " +
          PLAYBOOK_BINARY_DIR "/stand-in-appstrate packages/db/src/migrate.ts");
    folder.write("seed.sql", seed_sql());
    shell("psql '" + address("appstrate_seed") + "' -v ON_ERROR_STOP=1 -f " + (folder.path() / "seed.sql").string());
  }

  static std::string address(const std::string& database) {
    const PostgresCluster& cluster = postgres_cluster();
    return "postgresql:///" + database + "?host=" + cluster.socket().string() + "&port=" + std::to_string(cluster.port()) + "&user=shop";
  }

  void add(const std::string& release, Flaw flaw, const std::string& fault) {
    fs::path root = folder.path() / release;
    write_release(root, release, flaw);
    Json server{{"id", "sha256:server-" + release},
                {"root", root.string()},
                {"env", {{"APP_ROOT", root.string()}, {"APP_VERSION", "v" + release}, {"STAND_IN_FAULT", fault}}},
                {"cmd", {"bun", "apps/api/src/index.ts"}},
                {"programs", {{"bun", PLAYBOOK_BINARY_DIR "/stand-in-appstrate"}}}};
    registry[kImage + release] = server;
    registry[kSidecar + release] = {{"id", "sha256:sidecar-" + release}, {"cmd", {"true"}}};
  }
};

const Shared& shared() {
  static const Shared all;
  return all;
}

Json compose_file(const std::string& database) {
  Json server_environment{{"DATABASE_URL", Shared::address(database)}, {"PORT", "${PORT}"}};
  for (const char* name :
       {"BETTER_AUTH_SECRET", "CONNECTION_ENCRYPTION_KEY", "UPLOAD_SIGNING_SECRET", "CONNECT_SESSION_SECRET", "RUN_TOKEN_SECRET"})
    server_environment[name] = std::string("${") + name + ":?set it}";
  const std::string tag = "${APPSTRATE_VERSION:-1.0.0-beta.41}";
  Json postgres{
      {"image", "postgres:16.8"}, {"restart", "unless-stopped"}, {"environment", {{"POSTGRES_USER", "shop"}, {"POSTGRES_DB", database}}}};
  Json migrate{{"image", kImage + tag},
               {"command", {"bun", "packages/db/src/migrate.ts"}},
               {"environment", {{"DATABASE_URL", Shared::address(database)}}},
               {"depends_on", {{"postgres", {{"condition", "service_started"}}}}}};
  Json server{{"image", kImage + tag},
              {"restart", "unless-stopped"},
              {"environment", server_environment},
              {"ports", Json::array({{{"mode", "ingress"}, {"target", 3000}, {"published", "${PORT}"}, {"protocol", "tcp"}}})},
              {"depends_on", {{"migrate", {{"condition", "service_completed_successfully"}}}}}};
  Json sidecar{{"image", kSidecar + tag}, {"entrypoint", {"true"}}};
  return {{"name", database},
          {"services", {{"postgres", postgres}, {"migrate", migrate}, {"appstrate", server}, {"sidecar-pull", sidecar}}}};
}

std::string env_of(const std::string& version, int port) {
  return "# settings\nAPPSTRATE_VERSION=1.0.0-beta.40\nPORT=" + std::to_string(port) + "\nBETTER_AUTH_SECRET=" + kStandInSecret +
         "\nCONNECTION_ENCRYPTION_KEY=" + kStandInKey +
         "\nUPLOAD_SIGNING_SECRET=0123456789abcdef\nCONNECT_SESSION_SECRET=connect-0123456789\nRUN_TOKEN_SECRET=run-token-0123456789\n"
         "APPSTRATE_VERSION=" +
         version + "\n";  // twice: the last line counts
}

void lay_out(const fs::path& instance) {
  std::string database = database_of(instance);
  fs::path engine = instance / ".engine";
  fs::create_directory(engine);
  ::setenv("STAND_IN_DOCKER", engine.c_str(), 1);
  const PostgresCluster& cluster = postgres_cluster();
  Json images = shared().registry;
  for (const char* release : {"1.0.0-beta.51", "1.0.0-beta.50", "1.0.0-beta.49", "1.0.0-beta.42"})
    images.erase(kImage + release), images.erase(kSidecar + release);
  images["postgres:16.8"] = {{"id", "sha256:postgres"},
                             {"external", true},
                             {"env", {{"PGHOST", cluster.socket().string()}, {"PGPORT", std::to_string(cluster.port())}}}};
  replace_file(engine / "images.json", images.dump());
  replace_file(engine / "registry.json", shared().registry.dump());
  replace_file(instance / "docker-compose.yml", compose_file(database).dump(1));
  int port = closed_port();
  replace_file(instance / ".env", env_of("1.0.0-beta.41", port));
  replace_file(instance / "port", std::to_string(port));
  postgres_cluster().run("postgres", "create database " + database + " template appstrate_seed owner shop");
  shell("cd " + instance.string() + " && docker compose up -d");
  for (int tries = 0; tries < 2000; ++tries) try {
      make_http_client()->send({.url = "http://127.0.0.1:" + std::to_string(port) + "/health"});
      return;
    } catch (const Error&) {
      ::usleep(5000);
    }
  throw std::runtime_error("the stand-in does not answer");
}

std::string running_version(const fs::path& instance) {
  try {
    HttpResponse answer = make_http_client()->send({.url = "http://127.0.0.1:" + read_file(instance / "port") + "/health"});
    return answer.status == 200 ? parse_json(answer.body, "/health").at("version").at("app").get<std::string>()
                                : std::to_string(answer.status);
  } catch (const Error&) {
    return "down";
  }
}

std::string judge(const fs::path& instance) {
  std::string database = database_of(instance);
  PostgresCluster& cluster = postgres_cluster();
  std::string rows = cluster.text(database, "select count(*) || ' migrations' from drizzle.__drizzle_migrations");
  std::string data = cluster.text(database,
                                  "select (select count(*) from \"user\") || ' people, ' || (select count(*) from runs) || ' runs, ' || "
                                  "(select count(*) from organizations where settings ? 'm0038') || ' new organizations'");
  std::string scratch =
      cluster.text("postgres", "select count(*) from pg_database where datname like '" + database + "%' and datname like '%rehears%'");
  std::string env = read_file(instance / ".env"), port = read_file(instance / "port"), runs = running_version(instance), policies;
  const Json containers = parse_json(read_file(instance / ".engine/containers.json"), "containers.json");
  for (const Json& container : containers)
    if (container["service"] == "appstrate") policies += container["policy"].get<std::string>();
  std::string rest = rows + ", " + data + ", policy " + policies + ", scratch " + scratch;
  bool fenced = policies != "unless-stopped";
  if (!fenced && scratch == "0") {
    if (env == env_of("1.0.0-beta.41", std::stoi(port)) && runs == "v1.0.0-beta.41" &&
        rows == std::to_string(kOldMigrations) + " migrations" && data == "30 people, 200 runs, 0 new organizations")
      return "old";
    std::string lines = env_of("1.0.0-beta.51", std::stoi(port));
    lines.erase(lines.find("APPSTRATE_VERSION"), std::string("APPSTRATE_VERSION=1.0.0-beta.40\n").size());
    if (env == lines && runs == "v1.0.0-beta.51" && rows == std::to_string(kNewMigrations) + " migrations" &&
        data == "30 people, 200 runs, 2 new organizations")
      return "new";
  }
  return "runs " + runs + ", " + rest + ", .env " + env.substr(env.rfind("APPSTRATE_VERSION"));
}

void clean(const fs::path& instance) {
  shell("cd " + instance.string() + " && docker compose down");
  PostgresCluster& cluster = postgres_cluster();
  for (const std::string& name : cluster.databases())
    if (name.starts_with(database_of(instance))) cluster.run("postgres", "drop database if exists " + sql_name(name) + " with (force)");
}

}  // namespace

std::string database_of(const fs::path& instance) {
  std::string name = "case_";
  for (char c : instance.filename().string())
    if (std::isalnum(static_cast<unsigned char>(c))) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

Scenario appstrate_anew() {
  Scenario scenario = appstrate_upgrade("1.0.0-beta.51");
  scenario.name = "backup/restore of an Appstrate where nothing is";
  scenario.playbook = "backup/restore";
  scenario.params = {{"set", "appstrate-1.0.0-beta.41"}};
  scenario.prepare = [](const fs::path& instance) {
    lay_out(instance);
    const std::string there = "cd " + instance.string() + " && ";
    shell(there + PLAYBOOK_BINARY_DIR "/playbook backup create && docker compose down");
    shell(there +
          "mkdir lost && mv docker-compose.yml .env .playbook lost/ && mkdir -m 700 .playbook && mv lost/.playbook/backups .playbook/");
    const std::string database = database_of(instance);
    postgres_cluster().run("postgres", "drop database " + database + " with (force)");
    postgres_cluster().run("postgres", "create database " + database + " owner shop");
  };
  scenario.judge = [](const fs::path& instance) {
    if (fs::exists(instance / "docker-compose.yml")) return judge(instance) == "old" ? std::string("new") : judge(instance);
    return running_version(instance) == "down" ? std::string("old") : "runs without its files";
  };
  scenario.clean = [](const fs::path& instance) {
    if (!fs::exists(instance / "docker-compose.yml"))
      shell("cp " + (instance / "lost").string() + "/* " + (instance / "lost").string() + "/.env " + instance.string());
    clean(instance);
  };
  return scenario;
}

Scenario appstrate_rollback() {
  Scenario scenario = appstrate_upgrade("1.0.0-beta.41");
  scenario.name = scenario.playbook = "appstrate/rollback";
  scenario.prepare = [](const fs::path& instance) {
    lay_out(instance);
    shell("cd " + instance.string() + " && " PLAYBOOK_BINARY_DIR "/playbook run appstrate/upgrade --to 1.0.0-beta.51 --yes");
  };
  scenario.judge = [](const fs::path& instance) {
    const std::string state = judge(instance);
    return state == "old" ? "new" : state == "new" ? "old" : state;
  };
  return scenario;
}

Scenario appstrate_upgrade(const std::string& to) {
  shared();
  Scenario scenario;
  scenario.slack = 8;
  scenario.name = "appstrate/upgrade to " + to;
  scenario.playbook = "appstrate/upgrade";
  scenario.params = {{"to", to}};
  scenario.prepare = lay_out;
  scenario.judge = judge;
  scenario.clean = clean;
  return scenario;
}

}  // namespace playbook::testing
