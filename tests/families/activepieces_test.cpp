// Activepieces' playbooks on a real Docker engine, with real Compose and a real PostgreSQL, against the stand-in of its server and of its
// rollback command.
#include "runtime/base/file.h"
#include "tests/playbooks/activepieces/deployment.h"
#include "tests/playbooks/activepieces/stand_in/release.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"

using namespace playbook;
using namespace playbook::testing;
using pieces::Deployment;

namespace {

Finished playbook_on(const Deployment& app, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--yes", "-C", app.folder().string()});
  CommandProcess process(arguments, app.folder());
  int status = process.finish();
  return {status, process.out, process.err};
}

Finished upgrade(const Deployment& app, const std::string& to) { return playbook_on(app, {"run", "activepieces/upgrade", "--to", to}); }
Finished roll_back(const Deployment& app, const std::string& to) { return playbook_on(app, {"run", "activepieces/rollback", "--to", to}); }

std::string replaced(std::string text, const std::string& piece, const std::string& by) {
  for (size_t at = 0; (at = text.find(piece, at)) != std::string::npos; at += by.size()) text.replace(at, piece.size(), by);
  return text;
}

const std::string kMigrations = "select count(*) from migrations";

}  // namespace

TEST_CASE("activepieces/upgrade moves app and worker together, and rollback knows that only the backup leads back", "[activepieces]") {
  pieces::push_release("0.83.0", "0.83.0");
  Deployment app;
  const std::string before = app.fingerprint(), file = app.compose_text();

  // Two tags, as the vendor's own file has shipped.
  app.set_compose_text(file.substr(0, file.rfind("0.82.1")) + "0.79.0" + file.substr(file.rfind("0.82.1") + 6));
  Finished refused = upgrade(app, "0.83.0");
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK((refused.out + refused.err).find("worker has 127.0.0.1:5000/activepieces/activepieces:0.79.0") != std::string::npos);
  app.set_compose_text(file);

  // Another key than the one under which the connections are stored: the server would start with it, and never open them again.
  app.set_key("0000000000000000000000000000beef");
  refused = upgrade(app, "0.83.0");
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK((refused.out + refused.err)
            .find("activepieces: none of 3 stored values opens, first of those that do not is app_connection.value of "
                  "row c1") != std::string::npos);
  app.set_key(pieces::kKey);

  const std::string with_release = file + "# as it came with the release\n";
  replace_file(app.folder() / "release.yml", with_release);
  Finished done =
      playbook_on(app, {"run", "activepieces/upgrade", "--to", "0.83.0", "--compose-file", (app.folder() / "release.yml").string()});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(app.running() == "0.83.0");
  CHECK(app.ask(kMigrations) == "366");
  CHECK(app.compose_text() == replaced(with_release, "activepieces:0.82.1", "activepieces:0.83.0"));
  CHECK(app.containers().find("app activepieces:0.83.0 running\n") != std::string::npos);
  CHECK(app.containers().find("worker activepieces:0.83.0 running") != std::string::npos);

  app.compose("exec -T redis redis-cli set queued since");
  Finished back = roll_back(app, "0.82.1");
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.compose("exec -T redis redis-cli get queued").empty());
  CHECK(back.out.find("way back: restore: the vendor's command would stop with \"Migration order mismatch\" at "
                      "MakeChatConversationPlatformWide1787000000000") != std::string::npos);
  CHECK_THAT(back.out, ContainsSubstring("table mcp_server has other columns"));
  CHECK(app.running() == "0.82.1");
  CHECK(app.fingerprint() == before);
  CHECK(app.compose_text() == file);
}

TEST_CASE("with a release that fails to migrate activepieces/upgrade ends in the old state, row by row", "[.][activepieces][exhaustive]") {
  pieces::push_release("0.83.2", "0.83.0", true);
  Deployment app;
  const std::string before = app.fingerprint(), file = app.compose_text(), ran = app.containers();
  Finished done = upgrade(app, "0.83.2");
  INFO(done.out << done.err);
  CHECK(done.status == 3);
  done = playbook_on(app, {"run", "activepieces/upgrade", "--to", "0.83.2", "--accept", "breaking"});
  INFO(done.out << done.err);
  CHECK(done.status == 1);
  CHECK((done.out + done.err).find("Migration \"RemoveMcpServerStatus1790000000000\" failed, error: relation \"gadgets\" does not exist") !=
        std::string::npos);
  CHECK(app.fingerprint() == before);
  CHECK(app.compose_text() == file);
  CHECK(app.running() == "0.82.1");
  CHECK(app.containers() == ran);
}

TEST_CASE("activepieces/rollback runs the vendor's command where it is certain to work, and only moves the image where that is enough",
          "[activepieces]") {
  pieces::push_release("0.82.9", "0.82.9");
  pieces::push_release("0.83.0", "0.83.0");
  pieces::push_release("0.83.1", "0.83.1");
  Deployment app("0.83.1");

  Finished image = roll_back(app, "0.83.0");
  INFO(image.out << image.err);
  CHECK(image.status == 0);
  CHECK(image.out.find("way back: image: both releases have the same migrations") != std::string::npos);
  CHECK(app.running() == "0.83.0");
  CHECK(app.ask(kMigrations) == "366");

  Finished command = roll_back(app, "0.82.9");
  INFO(command.out << command.err);
  CHECK(command.status == 0);
  CHECK(command.out.find("way back: command: the vendor's command will undo 1 migration (RemoveMcpServerStatus1790000000000)") !=
        std::string::npos);
  CHECK(app.running() == "0.82.9");
  CHECK(app.ask(kMigrations) == "365");
  CHECK(app.ask("select string_agg(status, ',') from mcp_server") == "ENABLED,ENABLED");
}
