// An Appstrate that is made anew of a backup set alone, where its folder is empty and its containers and volumes are gone.
#include "tests/families/appstrate/stores.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::testing;

namespace fs = std::filesystem;

namespace {

void lose(const Deployment& app) {
  app.compose("down --volumes --timeout 1");
  for (const fs::directory_entry& entry : fs::directory_iterator(app.folder())) fs::remove_all(entry.path());
}

}  // namespace

TEST_CASE("a backup set alone makes an Appstrate anew on an empty machine, with all that it kept", "[.][appstrate][exhaustive]") {
  const Deployment app;
  const Stores stores(app);
  const TempFolder elsewhere;
  const std::string before = app.fingerprint(), env = app.env();
  Finished saved = app.playbook({"backup", "create", "--to", elsewhere.path().string(), "--yes"});
  INFO(saved.out << saved.err);
  REQUIRE(saved.status == 0);
  const std::string set = fs::directory_iterator(elsewhere.path())->path().string();

  lose(app);
  Finished made = app.playbook({"backup", "restore", set, "--yes"});
  INFO(made.out << made.err);
  REQUIRE(made.status == 0);
  CHECK(app.state(env) == "old");
  CHECK(app.fingerprint() == before);
  CHECK(app.env() == env);
  CHECK(stores.held() == "then then then");
  CHECK(app.playbook({"run", "appstrate/verify"}).status == 0);

  lose(app);
  output_of("docker rmi $PLAYBOOK_TEST_REGISTRY/appstrate/appstrate:1.0.0-beta.41");
  output_of("$PLAYBOOK_TESTBED/registry stop");
  Finished failed = app.playbook({"backup", "restore", set, "--yes"});
  output_of("$PLAYBOOK_TESTBED/registry start");
  INFO(failed.out << failed.err);
  CHECK(failed.status == 1);
  CHECK(fs::exists(app.folder() / "docker-compose.yml") == false);
  REQUIRE(app.playbook({"backup", "restore", set, "--yes"}).status == 0);
  CHECK(app.fingerprint() == before);
}
