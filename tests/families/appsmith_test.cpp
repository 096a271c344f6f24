// Appsmith's playbooks on a real Docker engine with real Compose, against a stand-in of its one container.
#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "tests/playbooks/appsmith/deployment.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
using Appsmith = appsmith::Deployment;

namespace {

Finished playbook_on(const Appsmith& app, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--yes", "-C", app.folder().string()});
  return run_playbook(arguments, app.folder());
}

Finished upgrade(const Appsmith& app, const std::string& to) { return playbook_on(app, {"run", "appsmith/upgrade", "--to", to}); }

}  // namespace

TEST_CASE("appsmith/upgrade goes through the checkpoint that a jump would miss, and rollback brings the whole folder back", "[appsmith]") {
  for (const char* release : {"1.99", "2.2"}) appsmith::push_release(release);
  Appsmith app("1.95");
  const std::string file = app.compose_text(), settings = app.settings();

  const Finished done = upgrade(app, "2.2");
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK_THAT(done.out, ContainsSubstring("hop 1 of 2: 1.95 -> 1.99, for MongoDB 7 needs data of feature compatibility version 6.0"));
  const Json after = parse_json(app.database(), "the database");
  CHECK(after["fcv"] == "7.0");
  CHECK(after["changes"] == Json({"seed", "change-of-v1.95", "change-of-v1.99", "change-of-v2.2"}));
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v2.2 running"));
  CHECK_THAT(app.settings(), ContainsSubstring("APPSMITH_REDIS_PASSWORD"));
  CHECK_THAT(playbook_on(app, {"keys", "verify"}).out, ContainsSubstring("match  appsmith-v2: 1 of 1 stored value opens"));

  const Finished back = playbook_on(app, {"rollback"});
  INFO(back.out << back.err);
  REQUIRE(back.status == 0);
  CHECK(parse_json(app.database(), "the database")["fcv"] == "6.0");  // 1.95 was started again
  CHECK(app.settings() == settings);
  CHECK(app.compose_text() == file);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v1.95 running"));

  // And to the newer one again, by the set that the way back has made of it.
  std::filesystem::path newer;
  for (const auto& set : std::filesystem::directory_iterator(app.folder() / ".playbook/backups"))
    if (set.path().string().ends_with("-appsmith-2.2")) newer = set.path();
  const Finished again = playbook_on(app, {"run", "appsmith/rollback", "--to", "2.2", "--set", newer.string()});
  INFO(again.out << again.err);
  REQUIRE(again.status == 0);
  CHECK(parse_json(app.database(), "the database")["fcv"] == "7.0");
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v2.2 running"));

  // It runs with another salt than its data was stored with, and the right one stands in an old docker.env.
  const std::string right = app.settings(), old = (app.folder() / "old.env").string();
  replace_file(old, right);
  std::string wrong = right;
  wrong.replace(wrong.find("APPSMITH_ENCRYPTION_SALT=") + 25, 4, "AAAA");
  replace_file(app.folder() / "stacks/configuration/docker.env", wrong);
  CHECK_THAT(playbook_on(app, {"keys", "verify"}).out, ContainsSubstring("mismatch  appsmith-v2: none of 1 stored value opens"));
  const Finished mended = playbook_on(app, {"keys", "repair", "--key", "salt=docker_env:" + old + ":APPSMITH_ENCRYPTION_SALT"});
  INFO(mended.out << mended.err);
  REQUIRE(mended.status == 0);
  CHECK_THAT(mended.out, ContainsSubstring("appsmith-v2: 1 of 1 stored values open with the salt of docker_env:" + old));
  CHECK(app.settings() == right);
  CHECK_THAT(playbook_on(app, {"keys", "verify"}).out, ContainsSubstring("match  appsmith-v2: 1 of 1 stored value opens"));
}

TEST_CASE("with an Appsmith release that fails to migrate behind a checkpoint the run ends on the release that it began with",
          "[.][appsmith][exhaustive]") {
  appsmith::push_release("1.99");
  appsmith::push_release("2.1", true);
  Appsmith app("1.95");
  const std::string rows = parse_json(app.database(), "the database")["rows"].dump(), file = app.compose_text(), settings = app.settings();
  const Finished done = upgrade(app, "2.1");
  INFO(done.out << done.err);
  CHECK(done.status == 1);
  CHECK_THAT(done.out,
             ContainsSubstring("FAILED OVER - {'id': 'change-of-v2.1'}") && ContainsSubstring("ROLLED BACK appsmith/upgrade 2.1 -> 1.95"));
  const Json after = parse_json(app.database(), "the database");
  CHECK(after["rows"].dump() == rows);
  CHECK(after["failed"].empty());
  CHECK(app.settings() == settings);
  CHECK(app.compose_text() == file);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v1.95 running"));
}

TEST_CASE(
    "an Appsmith in a volume is upgraded and taken back, and one that docker run made is moved under the compose file that it is told",
    "[.][appsmith][exhaustive]") {
  for (const char* release : {"1.99", "2.2"}) appsmith::push_release(release);
  Appsmith app("1.99", Appsmith::Stacks::volume);
  CHECK_THAT(run_playbook({"inspect", app.folder().string()}, app.folder()).out,
             ContainsSubstring("compose, stacks in volume " + app.project() + "_data"));
  const std::string data = app.database(), settings = app.settings();
  const Finished done = upgrade(app, "2.2");
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(parse_json(app.database(), "the database")["fcv"] == "7.0");
  CHECK(playbook_on(app, {"appsmith/verify"}).status == 0);
  const Finished back = playbook_on(app, {"rollback"});
  INFO(back.out << back.err);
  REQUIRE(back.status == 0);
  CHECK(parse_json(app.database(), "the database") == parse_json(data, "the database"));
  CHECK(app.settings() == settings);

  app.compose("down");
  TempFolder outside;
  const std::string image = app.compose_text().substr(app.compose_text().find("image: ") + 7);
  output_of("docker run --detach --name old-smith --restart unless-stopped --publish 127.0.0.1:3599:80 --volume " + app.project() +
            "_data:/appsmith-stacks --env APPSMITH_MAIL_FROM=ann@example.com " + image.substr(0, image.find(' ')));
  const Finished refused = run_playbook({"run", "appsmith/upgrade", "--to", "2.2"}, outside.path());
  INFO(refused.out << refused.err);
  CHECK(refused.status != 0);
  CHECK_THAT(refused.err, ContainsSubstring("container old-smith of ") && ContainsSubstring("was made by `docker run`"));
  CHECK((refused.out + refused.err).find("ann@example.com") == std::string::npos);
  const Finished adopted = run_playbook({"run", "compose/adopt", "--container", "old-smith", "--service", "appsmith"}, outside.path());
  INFO(adopted.out << adopted.err);
  REQUIRE(adopted.status == 0);
  CHECK((adopted.out + adopted.err).find("ann@example.com") == std::string::npos);
  output_of("docker rm --force old-smith");
  output_of("docker compose up --detach", outside.path());
  CHECK_THAT(output_of("docker inspect --format '{{.Config.Env}} {{.HostConfig.RestartPolicy.Name}}' old-smith"),
             ContainsSubstring("APPSMITH_MAIL_FROM=ann@example.com") && ContainsSubstring("unless-stopped"));
  const Finished verified = run_playbook({"appsmith/inspect"}, outside.path());
  INFO(verified.out << verified.err);
  CHECK(verified.status == 0);
  CHECK_THAT(output_of("docker inspect --format '{{range .Mounts}}{{.Name}}{{end}}' old-smith"),
             ContainsSubstring(app.project() + "_data"));
  output_of("docker compose down --timeout 1", outside.path());
}
