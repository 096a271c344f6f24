// Appstrate's playbooks on a real Docker engine, with real Compose and a real PostgreSQL, against the stand-in of its server.
#include <functional>

#include "runtime/base/file.h"
#include "tests/families/appstrate/stores.h"
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

/// The compose file with a piece replaced, as a release would bring it.
std::string new_compose_file(const Deployment& app, const std::string& piece, const std::string& by) {
  const std::filesystem::path file = app.folder() / "release.yml";
  replace_file(file, read_file(app.folder() / "docker-compose.yml"));
  app.edit("release.yml", piece, by);
  return file;
}

Finished upgrade(const Deployment& app, const std::string& to) { return app.playbook({"run", "appstrate/upgrade", "--to", to, "--yes"}); }

std::string containers(const Deployment& app) { return app.compose("ps -a --no-trunc --format '{{.ID}} {{.Service}} {{.Image}}' | sort"); }

/// 1 on Debian 12; Debian 13 packages no Compose v1.
int compose_generation() { return output_of("docker-compose version --short || true").starts_with("1.") ? 1 : 2; }

/// Of the backup sets: the one that was made last.
std::string newest_set(const Deployment& app) { return output_of("ls -d .playbook/backups/*-appstrate-* | tail -n 1", app.folder()); }

std::string policy(const Deployment& app) {
  return output_of("docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' " + app.container("appstrate"));
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
  const Finished found = app.playbook({"run", "appstrate/verify"});
  INFO(found.out << found.err);
  CHECK(found.status != 0);
}

TEST_CASE("appstrate/upgrade brings a running Appstrate to a newer release and keeps all that it holds", "[appstrate]") {
  push_releases();
  Deployment app;
  app.edit(".env", "# settings of the stand-in", "APPSTRATE_VERSION=1.0.0-beta.22");
  const std::string old_file = read_file(app.folder() / "docker-compose.yml");
  const std::string file = new_compose_file(app, "- RUN_TOKEN_SECRET=", "- NEW_SETTING=on\n      - RUN_TOKEN_SECRET=");
  Finished done =
      app.playbook({"run", "appstrate/upgrade", "--to", "v1.0.0-beta.51", "--yes", "--compose-file", file, "--accept", "compose-file"});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(read_file(app.folder() / "docker-compose.yml") == read_file(file));
  CHECK(app.look("appstrate", ".Config.Env").find("NEW_SETTING=on") != std::string::npos);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.51")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(app.ask("select count(*) from drizzle.__drizzle_migrations") == "39");
  CHECK(app.ask("select count(*) from \"user\"") == "30");
  CHECK(app.env().starts_with("APPSTRATE_VERSION=1.0.0-beta.51\nPORT="));
  CHECK(policy(app) == "unless-stopped");

  Finished live = app.playbook({"keys", "verify"});
  CHECK(live.status == 0);
  CHECK(live.out.find("match  appstrate: 3 of 3 stored values open\n") != std::string::npos);
  std::vector<std::filesystem::path> sets;
  for (const auto& entry : std::filesystem::directory_iterator(app.folder() / ".playbook/backups")) sets.push_back(entry.path());
  REQUIRE(sets.size() == 2);
  Finished stored = app.playbook({"keys", "verify", "--backup", sets[0].string()});
  INFO(stored.out << stored.err);
  CHECK(stored.status == 0);

  Finished back = app.playbook({"rollback", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.41")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(app.env().starts_with("APPSTRATE_VERSION=1.0.0-beta.22\nAPPSTRATE_VERSION=1.0.0-beta.41\n"));
  CHECK(read_file(app.folder() / "docker-compose.yml") == old_file);
  CHECK(app.playbook({"run", "appstrate/verify"}).status == 0);
}

TEST_CASE("with a release that fails to migrate appstrate/upgrade ends in the old state, row by row", "[appstrate]") {
  push_releases();
  Deployment app;
  const std::string before = app.fingerprint(), env = app.env(), images = app.compose("ps -a --format '{{.Service}} {{.Image}}'");
  Finished done = upgrade(app, kFailsToMigrate);
  INFO(done.out << done.err);
  CHECK(done.status == 1);
  CHECK(done.err.find("service migrate ended with status 1: PostgresError: ") != std::string::npos);
  CHECK(app.fingerprint() == before);
  CHECK(app.env() == env);
  CHECK(app.compose("ps -a --format '{{.Service}} {{.Image}}'") == images);  // `docker compose start` would run what lies there
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
      {"lines that Compose passes over or reads its own way",
       set("# settings of the stand-in",
           "# settings\n\n  # indented\nexport EXTRA = \"a b\" # said\nAPPSTRATE_VERSION=1.0.0-beta.22\nEMPTY=\nBARE"),
       0, ""},
      {"a line that is none", set("# settings of the stand-in", "this is no setting"), 3, ".env"},
      {"a password that the database does not have", set("POSTGRES_PASSWORD='pg $ecret #1'", "POSTGRES_PASSWORD=wrong"), 3,
       "password authentication failed for user \"appstrate\""},
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
    Finished done = app.playbook({"check", "appstrate/upgrade", "--to", kGood});
    INFO(one.what << ":\n" << done.out << done.err);
    CHECK(done.status == one.status);
    CHECK((done.out + done.err).find(one.says) != std::string::npos);
    app.set_env(env);
    replace_file(app.folder() / "docker-compose.yml", file);
  }
  auto with_file = [&](const std::string& from, const std::string& to) {
    Finished done = app.playbook({"check", "appstrate/upgrade", "--to", kGood, "--compose-file", new_compose_file(app, from, to)});
    CHECK(done.status == 3);
    return done.out + done.err;
  };
  CHECK_THAT(with_file("- RUN_TOKEN_SECRET=", "- NEW_SETTING=on\n      - RUN_TOKEN_SECRET="),
             ContainsSubstring("appstrate gains the setting NEW_SETTING"));
  CHECK_THAT(with_file("[\"pgdata:/", "[\"/srv:/"),
             ContainsSubstring("postgres has volume " + app.project() + "_pgdata at /var/lib/postgresql/data, and would have /srv there"));
  CHECK(app.playbook({"check", "appstrate/upgrade", "--to", "1.0.0-beta.48"}).status == 3);
  Finished exported = app.playbook({"check", "appstrate/upgrade", "--to", kGood}, {{"APPSTRATE_VERSION", "1.0.0-beta.50"}});
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
  Finished done = app.playbook(
      {"run", "appstrate/upgrade", "--to", kGood, "--yes", "--files", "docker-compose.yml", "--files", "docker-compose.prod.yml"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.51")") != std::string::npos);
  CHECK(policy(app) == "always");
}

TEST_CASE(
    "through Compose v1, where it is installed, Appstrate is upgraded and brought back to a backup set, with all that it keeps beside",
    "[appstrate]") {
  push_releases();
  const Deployment app("1.0.0-beta.41", compose_generation());
  const Stores stores(app);
  const std::string before = app.fingerprint(), env = app.env();
  Finished done = upgrade(app, kGood);
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.51")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  CHECK(policy(app) == "unless-stopped");

  CHECK(stores.held() == "then then then");
  app.ask("delete from runs");
  stores.put("now");
  const std::string set = newest_set(app);
  Finished back = app.playbook({"run", "appstrate/rollback", "--to", "1.0.0-beta.41", "--set", set, "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.fingerprint() == before);
  CHECK(app.env() == env);
  CHECK(stores.held() == "then then then");
  CHECK(app.look("minio", ".State.Status}} {{.HostConfig.RestartPolicy.Name") == "running unless-stopped");
  CHECK(app.get("/health").find(R"("app":"v1.0.0-beta.41")") != std::string::npos);
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");

  app.edit(set + "/manifest.json", "\"appstrate\"", "\"appstrato\"");
  Finished damaged = app.playbook({"run", "appstrate/rollback", "--to", "1.0.0-beta.41", "--set", set, "--yes"});
  CHECK(damaged.status == 3);
  CHECK(app.fingerprint() == before);
}

TEST_CASE("a database that is newer than every known release is refused", "[.][appstrate][exhaustive]") {
  push_releases();
  Deployment app;
  app.ask("insert into drizzle.__drizzle_migrations (hash, created_at) values ('ff', 1893456000000)");
  Finished done = app.playbook({"check", "appstrate/upgrade", "--to", kGood});
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
