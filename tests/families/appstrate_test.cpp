// Appstrate's playbooks on a real Docker engine, with real Compose and a real PostgreSQL, against the stand-in of its server.
#include <functional>

#include "runtime/base/file.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

/// Releases as the registry has them. A tag says what it stands for, not what is in it.
const char* const kGood = "1.0.0-beta.51";
const char* const kFailsToMigrate = "1.0.0-beta.50";
const char* const kSkips = "1.0.0-beta.49";

void push_releases() {
  push_release(kGood, kGood);
  push_release(kFailsToMigrate, kFailsToMigrate, Flaw::fails_to_migrate);
  push_release(kSkips, kSkips, Flaw::backdated);
}

Finished playbook_on(const Deployment& app, std::vector<std::string> arguments,
                     const std::map<std::string, std::string>& environment = {}) {
  arguments.insert(arguments.end(), {"-C", app.folder().string()});
  CommandProcess process(arguments, app.folder(), CommandProcess::On::pipes, environment);
  int status = process.finish();
  return {status, process.out, process.err};
}

Finished upgrade(const Deployment& app, const std::string& to) {
  return playbook_on(app, {"run", "appstrate/upgrade", "--to", to, "--yes"});
}

std::string containers(const Deployment& app) { return app.compose("ps -a --no-trunc --format '{{.ID}} {{.Service}} {{.Image}}' | sort"); }

std::string policy(const Deployment& app) {
  return output_of("docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' " + app.project() + "-appstrate-1");
}

}  // namespace

TEST_CASE("the stand-in behaves as the facts say when only the old image is put back", "[.][appstrate][exhaustive]") {
  push_releases();
  Deployment app;
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  app.edit(".env", "APPSTRATE_VERSION=1.0.0-beta.41", "APPSTRATE_VERSION=1.0.0-beta.51");
  app.compose("up -d --quiet-pull");
  app.wait_healthy();
  CHECK(app.get("/health").find("v1.0.0-beta.51") != std::string::npos);
  app.edit(".env", "APPSTRATE_VERSION=1.0.0-beta.51", "APPSTRATE_VERSION=1.0.0-beta.41");
  app.compose("up -d");
  app.wait_healthy();
  CHECK(app.get("/api/proxies").starts_with("500 "));
  CHECK(app.get("/api/runs").starts_with("500 "));
}

TEST_CASE("appstrate/upgrade brings a running Appstrate to a newer release and keeps all that it holds", "[appstrate]") {
  push_releases();
  Deployment app;
  app.edit(".env", "# settings of the stand-in", "APPSTRATE_VERSION=1.0.0-beta.22");
  Finished done = upgrade(app, "v1.0.0-beta.51");
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.51")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(app.ask("select count(*) from drizzle.__drizzle_migrations") == "39");
  CHECK(app.ask("select count(*) from \"user\"") == "30");
  CHECK(app.env().starts_with("APPSTRATE_VERSION=1.0.0-beta.51\nPORT="));
  CHECK(policy(app) == "unless-stopped");

  Finished live = playbook_on(app, {"keys", "verify"});
  CHECK(live.status == 0);
  CHECK(live.out.find("match  appstrate: 3 of 3 stored values open\n") != std::string::npos);
  std::vector<std::filesystem::path> sets;
  for (const auto& entry : std::filesystem::directory_iterator(app.folder() / ".playbook/backups")) sets.push_back(entry.path());
  REQUIRE(sets.size() == 2);
  Finished stored = playbook_on(app, {"keys", "verify", "--backup", sets[0].string()});
  INFO(stored.out << stored.err);
  CHECK(stored.status == 0);

  Finished back = playbook_on(app, {"rollback", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.41")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(app.env().starts_with("APPSTRATE_VERSION=1.0.0-beta.22\nAPPSTRATE_VERSION=1.0.0-beta.41\n"));
  CHECK(playbook_on(app, {"run", "appstrate/verify"}).status == 0);
}

TEST_CASE("with a release that fails to migrate appstrate/upgrade ends in the old state, row by row", "[appstrate]") {
  push_releases();
  Deployment app;
  std::string before = app.fingerprint(), env = app.env();
  Finished done = upgrade(app, kFailsToMigrate);
  INFO(done.out << done.err);
  CHECK(done.status == 1);
  CHECK(app.fingerprint() == before);
  CHECK(app.env() == env);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.41")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(policy(app) == "unless-stopped");
}

TEST_CASE("a release whose migrations would be skipped is refused with nothing changed", "[appstrate]") {
  push_releases();
  Deployment app;
  std::string before = app.fingerprint(), env = app.env(), ran = containers(app);
  Finished done = upgrade(app, kSkips);
  INFO(done.out << done.err);
  CHECK(done.status == 3);
  CHECK((done.out + done.err).find("1 migration of 1.0.0-beta.49 would be skipped without a word: 0035_smiling_ricochet") !=
        std::string::npos);
  CHECK(app.fingerprint() == before);
  CHECK(app.env() == env);
  CHECK(containers(app) == ran);
}

TEST_CASE("what is in the way of appstrate/upgrade is said before anything is changed", "[appstrate]") {
  push_releases();
  Deployment app;
  const std::string env = app.env(), file = read_file(app.folder() / "docker-compose.yml"), ran = containers(app);
  struct Case {
    const char* what;
    std::function<void()> change;
    int status;
    const char* says;
  };
  auto set = [&](const std::string& from, const std::string& to) { return [&app, from, to] { app.edit(".env", from, to); }; };
  auto in_file = [&](const std::string& from, const std::string& to) {
    return [&app, from, to] { app.edit("docker-compose.yml", from, to); };
  };
  const std::vector<Case> cases{
      {"nothing", [] {}, 0, ""},
      {"Compose refuses the file", in_file("depends_on: {migrate", "depends_on: {nobody"), 3, "compose refuses docker-compose.yml: "},
      {"a value that never ends", set("RUN_TOKEN_SECRET=run", "RUN_TOKEN_SECRET='run"), 3, ".env:"},
      {"no version", set("APPSTRATE_VERSION=", "OTHER_VERSION="), 3,
       ".env does not set APPSTRATE_VERSION, so that a default of the compose file counts"},
      {"a floating version", set("APPSTRATE_VERSION=1.0.0-beta.41", "APPSTRATE_VERSION=latest"), 3, "appstrate:latest: "},
      {"a setting is not passed on", in_file("- RUN_TOKEN_SECRET=${RUN_TOKEN_SECRET}", "- OTHER=x"), 3,
       "the compose file does not pass RUN_TOKEN_SECRET on to appstrate"},
      {"a wrong key", set("CONNECTION_ENCRYPTION_KEY=lH6w", "CONNECTION_ENCRYPTION_KEY=AAAA"), 3,
       "appstrate: none of 3 stored values opens, first of those that do not is integration_connections.credentials_encrypted of row i1"},
      {"another secret", set("auth-secret-0001", "auth-secret-0002"), 3,
       "better-auth: none of 1 stored value opens, first of those that do not is jwks.private_key of row k1"},
      {"another database user", in_file("POSTGRES_USER: ${POSTGRES_USER:-appstrate}", "POSTGRES_USER: nobody"), 0, ""},
  };
  for (const Case& one : cases) {
    one.change();
    Finished done = playbook_on(app, {"check", "appstrate/upgrade", "--to", kGood});
    INFO(one.what << ":\n" << done.out << done.err);
    CHECK(done.status == one.status);
    CHECK((done.out + done.err).find(one.says) != std::string::npos);
    app.set_env(env);
    replace_file(app.folder() / "docker-compose.yml", file);
  }
  CHECK(playbook_on(app, {"check", "appstrate/upgrade", "--to", "1.0.0-beta.48"}).status == 3);
  Finished exported = playbook_on(app, {"check", "appstrate/upgrade", "--to", kGood}, {{"APPSTRATE_VERSION", "1.0.0-beta.50"}});
  CHECK(exported.status == 3);
  CHECK((exported.out + exported.err).find("the shell exports APPSTRATE_VERSION, which overrides .env") != std::string::npos);
  CHECK(containers(app) == ran);
}

TEST_CASE("appstrate/upgrade works on several compose files", "[.][appstrate][exhaustive]") {
  push_releases();
  Deployment app;
  app.edit("docker-compose.yml", "    restart: unless-stopped\n", "");
  replace_file(app.folder() / "docker-compose.prod.yml", "services: {appstrate: {restart: always}}\n");
  app.compose("-f docker-compose.yml -f docker-compose.prod.yml up -d");
  app.wait_healthy();
  Finished done = playbook_on(
      app, {"run", "appstrate/upgrade", "--to", kGood, "--yes", "--files", "docker-compose.yml", "--files", "docker-compose.prod.yml"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.51")") != std::string::npos);
  CHECK(policy(app) == "always");
}

TEST_CASE("a database that is newer than every known release is refused", "[.][appstrate][exhaustive]") {
  push_releases();
  Deployment app;
  app.ask("insert into drizzle.__drizzle_migrations (hash, created_at) values ('ff', 1893456000000)");
  Finished done = playbook_on(app, {"check", "appstrate/upgrade", "--to", kGood});
  INFO(done.out << done.err);
  CHECK(done.status == 3);
  CHECK((done.out + done.err).find("the database is newer than 1.0.0-beta.41: it is in the state of no release that this playbook knows") !=
        std::string::npos);
}

TEST_CASE("without the registry nothing that runs is touched", "[.][appstrate][exhaustive]") {
  push_releases();
  Deployment app;
  const std::string ran = containers(app);
  output_of("docker image rm 127.0.0.1:5000/appstrate/appstrate:1.0.0-beta.51 127.0.0.1:5000/appstrate/appstrate-sidecar:1.0.0-beta.51");
  output_of("$PLAYBOOK_TESTBED/registry stop");
  Finished done = upgrade(app, kGood);
  output_of("$PLAYBOOK_TESTBED/registry start");
  output_of(
      "docker pull -q 127.0.0.1:5000/appstrate/appstrate:1.0.0-beta.51; docker pull -q "
      "127.0.0.1:5000/appstrate/appstrate-sidecar:1.0.0-beta.51");
  INFO(done.out << done.err);
  CHECK(done.status == 3);
  CHECK((done.out + done.err).find("registry unreachable") != std::string::npos);
  CHECK(containers(app) == ran);
}
