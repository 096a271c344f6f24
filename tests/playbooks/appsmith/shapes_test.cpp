// Appsmith's playbooks on its stand-in as processes: no engine, so that each shape and each way has a test of its own.
#include "runtime/base/file.h"
#include "tests/playbooks/appsmith/processes.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::testing;
using appsmith::kRows;
using appsmith::Processes;
namespace fs = std::filesystem;
using namespace std::string_literals;

namespace {

Finished upgrade(const Processes& app, const std::string& to, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"run", "appsmith/upgrade", "--to", to, "--accept", "unsure"});
  return app.run(more);
}

}  // namespace

TEST_CASE("with --stay-at-checkpoint an Appsmith whose last hop fails stays at the release that was proved before", "[appsmith]") {
  Processes app("1.95");
  const fs::path archives = app.folder() / "stacks/data/backup", copies = app.folder() / "vendor";
  for (const char* day : {"01", "02", "03", "04"})
    replace_file(archives / ("appsmith-backup-2026-01-"s + day + "T00-00-00.000Z.tar.gz"), "");
  const Finished done = upgrade(app, "2.1.9", {"--stay-at-checkpoint", "--vendor-archive", copies.string()});
  INFO(done.out << done.err);
  REQUIRE(done.status == 1);  // neither the release that was asked for nor the one that ran
  CHECK_THAT(done.out, ContainsSubstring("STAYED AT 1.99 appsmith/upgrade 1.95 -> 2.1.9, down ") &&
                           ContainsSubstring("why: service appsmith says that it failed: FAILED OVER") &&
                           ContainsSubstring("now: 1.99, as it was proved before the next step"));
  CHECK_THAT(done.out, ContainsSubstring("the change log has 1 changes more, from change-of-v1.99 to change-of-v1.99"));
  CHECK(fs::exists(archives / "appsmith-backup-2026-01-01T00-00-00.000Z.tar.gz"));  // the vendor's own retention would have removed it
  CHECK_THAT(output_of("sha256sum --check *.sha256 && ls | wc -l", copies), ContainsSubstring(": OK\n2"));
  const Json after = app.database();
  CHECK(after["changes"] == Json({"seed", "change-of-v1.95", "change-of-v1.99"}));
  CHECK(after["fcv"] == "6.0");
  CHECK(after["rows"] == kRows);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v1.99"));
  CHECK(app.settings().find("APPSMITH_REDIS_PASSWORD") == std::string::npos);
  CHECK(app.run({"appsmith/verify"}).status == 0);
}

TEST_CASE("a project that was named on the command line keeps that name", "[appsmith]") {
  const Processes app("1.99");
  app.compose("down");
  app.compose("-p elsewhere up -d");
  app.wait();
  const Finished verified = app.run({"appsmith/verify"});
  INFO(verified.out << verified.err);
  CHECK(verified.status == 0);
}

TEST_CASE("an Appsmith with its database elsewhere goes through the page's checkpoint, and comes back with both", "[appsmith]") {
  Processes app("1.95");
  const fs::path elsewhere = app.folder() / "elsewhere.json";
  app.compose("stop");
  fs::rename(app.folder() / "stacks/data/mongodb/db.json", elsewhere);
  std::string settings = app.settings();
  settings.replace(settings.find("@localhost"), 10, "@db.example");
  settings.replace(settings.find("redis://127.0.0.1"), 17, "redis://redis.example");
  app.set_settings(settings);
  app.compose("up -d");
  app.wait();
  const Json before = parse_json(read_file(elsewhere), "the database elsewhere");
  Json old_server = before;
  old_server["server"] = "4.4.29";
  old_server["replicated"] = false;
  replace_file(elsewhere, old_server.dump());
  const Finished refused = upgrade(app, "2.1");
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out,
             ContainsSubstring("it is of version 4.4.29; 2.1 needs 5.0; it is no replica set, without which Appsmith does not start"));
  replace_file(elsewhere, before.dump());

  const Finished done = upgrade(app, "2.1.9");
  INFO(done.out << done.err);
  CHECK(done.status == 1);
  CHECK_THAT(done.out, ContainsSubstring("hop 1 of 2: 1.95 -> 1.99") && ContainsSubstring("ROLLED BACK appsmith/upgrade 2.1.9 -> 1.95") &&
                           ContainsSubstring("its Redis is elsewhere and still knows the data that went away"));
  CHECK(parse_json(read_file(elsewhere), "the database elsewhere") == before);
  CHECK(app.settings() == settings);
  for (const auto& set : fs::directory_iterator(app.folder() / ".playbook/backups")) CHECK(fs::exists(set.path() / "mongodb.archive.gz"));

  const Finished vouched = upgrade(app, "2.1", {"--snapshot", "vol-1 2026-11-21T07:00:00Z restore vol-1 in the console"});
  INFO(vouched.out << vouched.err);
  CHECK(vouched.status == 0);
  CHECK_THAT(vouched.out, ContainsSubstring("snapshot vol-1 of 2026-11-21T07:00:00.000Z, taken elsewhere: nobody looked at it"));
  CHECK(parse_json(read_file(elsewhere), "the database elsewhere")["changes"].back() == "change-of-v2.1");
}

TEST_CASE("Appsmiths of other shapes are refused by name, with what to do instead", "[appsmith]") {
  struct Case {
    const char *file, *text, *says;
  };
  const std::vector<Case> cases{
      {"values.yaml", "image:\n  repository: appsmith/appsmith-ee\n  tag: latest\n",
       "this is the helm chart of an Appsmith on Kubernetes, which is not driven from here yet; nothing here says whether its autoupdate "
       "is on"},
      {"values.yaml", "image: {repository: appsmith/appsmith-ce}\nautoupdate: {enabled: true}\n",
       "values.yaml has its autoupdate on, which replaces it by the newest image every hour"},
      {"values.yaml", "image: {repository: appsmith/appsmith-ce}\nautoupdate:\n  enabled: false\n", "which is not driven from here yet\n"},
      {"Chart.yaml", "apiVersion: v2\nname: appsmith\n", "this is the helm chart of an Appsmith on Kubernetes"},
      {"docker-compose.yml", "services: {internal-server: {image: appsmith/appsmith-server:release}}\n",
       "this is an Appsmith of several containers"},
  };
  for (const Case& one : cases) {
    TempFolder folder;
    folder.write(one.file, one.text);
    const Finished seen = run_playbook({"inspect", folder.path().string()}, folder.path());
    INFO(seen.out << seen.err);
    CHECK(seen.status != 0);
    CHECK_THAT(seen.err, ContainsSubstring(one.says));
    CHECK_THAT(run_playbook({"run", "appsmith/upgrade", "--to", "2.1"}, folder.path()).err, ContainsSubstring(one.says));
  }
}

TEST_CASE("a container that docker run made is inspected, and its upgrade is refused with the compose file to write", "[appsmith]") {
  TempFolder folder;
  const fs::path docker = folder.write("bin/docker", R"(#!/bin/sh
case "$*" in
  "ps --all "*) echo "old-smith|index.docker.io/appsmith/appsmith-ce:v1.95|" ;;
  *Mounts*) printf '/srv/stacks:/appsmith-stacks\nsmith-keys:/keys\n' ;;
  *) exit 1 ;;
esac
)");
  fs::permissions(docker, fs::perms::owner_all);
  auto run = [&](const std::vector<std::string>& words) {
    CommandProcess process(words, folder.path(), CommandProcess::On::pipes, {{"PATH", docker.parent_path().string() + ":/usr/bin:/bin"}});
    const int status = process.finish();
    return Finished{status, process.out, process.err};
  };
  const Finished refused = run({"run", "appsmith/upgrade", "--to", "1.99"});
  INFO(refused.out << refused.err);
  CHECK(refused.status != 0);
  CHECK_THAT(refused.err, ContainsSubstring("container old-smith of index.docker.io/appsmith/appsmith-ce:v1.95 was made by `docker run`"));
  CHECK_THAT(refused.err,
             ContainsSubstring("`playbook run compose/adopt --container old-smith --service appsmith` writes that compose file"));
  const Finished seen = run({"run", "appsmith/inspect"});
  INFO(seen.out << seen.err);
  CHECK(seen.status == 0);
  CHECK_THAT(seen.out, ContainsSubstring("old-smith") && ContainsSubstring("/srv/stacks"));
}

TEST_CASE("appsmith/verify names the settings of docker.env that the container is given otherwise, and not their values", "[appsmith]") {
  Processes app("1.99");
  CHECK(app.run({"appsmith/verify"}).status == 0);
  replace_file(app.folder() / "stacks/data/fatal", "postgres\n");
  CHECK_THAT(app.run({"appsmith/verify"}).err, ContainsSubstring("postgres is FATAL"));
  fs::remove(app.folder() / "stacks/data/fatal");
  Json file = parse_json(app.compose_text(), "the compose file");
  file["services"]["appsmith"]["environment"] = {{"APPSMITH_MAIL_HOST", "mail.example"}};
  replace_file(app.folder() / "docker-compose.yml", file.dump(1) + "\n");
  app.compose("up -d");
  app.wait();
  const Finished found = app.run({"appsmith/verify"});
  INFO(found.out << found.err);
  CHECK(found.status != 0);
  CHECK_THAT(found.err, ContainsSubstring("APPSMITH_MAIL_HOST is another one in " + (app.folder() / "stacks").string() +
                                          "/configuration/docker.env than in the container, which counts"));
  CHECK((found.out + found.err).find("mail.example") == std::string::npos);
}
