// playbook releases on a real registry, open and behind a login. The images are empty but for their names.
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Instance {
  TempFolder folder;
  std::string image = build_release("activepieces", "0.82.1");

  Instance() {
    build_release("activepieces", "0.83.0");
    build_release("activepieces", "0.74.0");
    const std::string name = "127.0.0.1:5000/activepieces:";
    for (const char* moving : {"latest", "0.83", "0.83.0-arm64"})
      REQUIRE(shell("docker tag " + name + "0.83.0 " + name + moving + " && docker push --quiet " + name + moving + " >/dev/null") == 0);
    write("5000", "0.73.0");
  }
  void write(const std::string& port, const std::string& tag) const {
    folder.write("docker-compose.yml",
                 "services:\n  app: {image: \"127.0.0.1:" + port + "/activepieces:" + tag +
                     "\", ports: [\"8080:80\"], environment: [AP_POSTGRES_HOST]}\n  postgres: {image: \"postgres:14.4\"}\n");
    folder.write(".env", "AP_POSTGRES_HOST=postgres\n");
  }
  Json releases(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"releases", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished run = run_playbook(arguments, folder.path());
    INFO(run.out << run.err);
    REQUIRE(run.status == 0);
    return parse_json(run.out, "releases");
  }
};

}  // namespace

TEST_CASE("playbook releases tells what a registry has, the way to each, and what a moving tag is today, also behind a login",
          "[releases]") {
  Instance here;
  Json found = here.releases();
  CHECK(found.at("registry") == "asked");
  CHECK(found.at("version") == "0.73.0");
  CHECK(found.at("moving_tags") == Json{{"latest", "0.83.0"}});
  CHECK(found.at("releases") ==
        Json::array({{{"release", "0.83.0"}, {"source", "registry"}, {"way", "at once"}},
                     {{"release", "0.82.1"}, {"source", "registry"}, {"way", "at once"}},
                     {{"release", "0.74.0"}, {"source", "registry"}, {"way", "at once; not sure: templates do not work in 0.74.0"}}}));

  here.write("5000", "0.82.1");
  found = here.releases();
  CHECK(found.at("releases").size() == 2);
  CHECK(found.at("releases")[1].at("way") == "runs");
  CHECK(found.at("older_releases") == 1);
  CHECK(here.releases({"--all"}).at("releases")[2].at("way") == "back only");

  here.write("5000", "latest");
  CHECK(here.releases().at("releases")[0].at("way") == "unknown: nothing tells which release runs");

  // behind a login
  here.write("5001", "0.82.1");
  REQUIRE(shell("\"$PLAYBOOK_TESTBED/registry\" start-closed") == 0);
  found = here.releases();
  CHECK(found.at("registry") == "unauthorized");
  CHECK(found.at("moving_tags") == Json{{"latest", "unknown: unauthorized"}});
  CHECK(found.at("releases").empty());

  REQUIRE(shell("echo secret | docker login --username tester --password-stdin 127.0.0.1:5001 >/dev/null 2>&1") == 0);
  found = here.releases();
  CHECK(shell("docker logout 127.0.0.1:5001 >/dev/null; \"$PLAYBOOK_TESTBED/registry\" stop-closed") == 0);
  CHECK(found.at("moving_tags") == Json{{"latest", "0.83.0"}});
  CHECK(found.at("releases").size() == 2);
}
