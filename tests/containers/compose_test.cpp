// Compose projects on a real engine: read, started, stopped, brought back, fenced; through Compose v2, and once through v1.
#include "runtime/container/compose.h"

#include <filesystem>

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kShop = R"(services:
  db:
    image: @shell@
    command: ["sleep", "1000"]
    restart: always
    volumes: ["data:/data"]
  app:
    image: @registry@/shop:${SHOP_VERSION}
    command: ["sleep", "1000"]
    environment: {PASSWORD: "${PASSWORD}", PLAIN: "yes"}
    ports: ["127.0.0.1:8080:80"]
    restart: unless-stopped
    stop_grace_period: 1s
    depends_on: {db: {condition: service_started}}
volumes: {data: {}}
)";

struct Shop : ComposeFixture {
  Shop() : ComposeFixture(kShop, "SHOP_VERSION=1\nPASSWORD=very-secret\n") {
    build_release("shop", "1");
    build_release("shop", "2");
  }
  std::string image_of(const std::string& service) { return container(service).at("image"); }
  void release(const std::string& version) const { write(".env", "SHOP_VERSION=" + version + "\nPASSWORD=very-secret\n"); }
};

std::string policy(const Json& container) { return container.at("restart_policy"); }

}  // namespace

TEST_CASE("compose.config tells what a project is and no value of a variable", "[compose]") {
  Shop shop;
  Json config = shop.call("compose.config", {{"project", shop.project}});
  std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY");
  CHECK(config["services"]["app"] ==
        Json{{"image", registry + "/shop:1"},
             {"environment", {"PASSWORD", "PLAIN"}},
             {"ports", {{{"target", "80"}, {"published", "8080"}, {"host", "127.0.0.1"}, {"protocol", "tcp"}}}},
             {"volumes", Json::array()},
             {"depends_on", {{"db", "service_started"}}},
             {"restart", "unless-stopped"},
             {"stop_grace_period", "1s"},
             {"builds", false}});
  CHECK(config["volumes"] == Json{{"data", shop.name + "_data"}});
  CHECK(config["name"] == shop.name);
  CHECK(config["files"] == Json::array({"docker-compose.yml"}));
  CHECK(config["env_file"] == ".env");
  CHECK(config["compose"]["generation"] == 2);
  CHECK(config["overridden"] == Json::array());
  CHECK(config.dump().find("very-secret") == std::string::npos);
  CHECK(shop.redactor.apply("it is very-secret") == "it is «PASSWORD»");
  CHECK(shop.call("compose.config", {{"project", config}}) == config);
}

TEST_CASE("compose.config reads several files, in order, and names variables that are overridden or unset", "[compose]") {
  Shop shop;
  shop.write("more.yml",
             "services: {app: {image: \"@registry@/shop:${SHOP_VERSION}${SUFFIX}\", labels: {a: b}}, other: {image: \"@shell@\"}}\n");
  Variable exported("SHOP_VERSION", "2");
  Json project{{"name", shop.name}, {"files", {"docker-compose.yml", "more.yml"}}};
  Json config = shop.call("compose.config", {{"project", project}});
  std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY");
  CHECK(config["images"] == Json::array({shop.shell_image, registry + "/shop:2"}));
  CHECK(config["overridden"] == Json::array({"SHOP_VERSION"}));
  CHECK(config["unset"] == Json::array({"SUFFIX"}));
}

TEST_CASE("what compose refuses is refused with its words", "[compose]") {
  ComposeFixture broken("services:\n  app:\n    imag: x\n");
  Error error = error_of([&] { broken.call("compose.config", {{"project", broken.project}}); });
  CHECK(to_string(error.code()) == "compose.invalid");
  CHECK(error.message() == "compose refuses docker-compose.yml: validating " + (broken.instance / "docker-compose.yml").string() +
                               ": services.app Additional property imag is not allowed");
  CHECK(error.hint() == "`docker compose config` in " + broken.instance.string() + " tells the same");

  CHECK(error_of([&] {
          broken.call("compose.ps", {{"project", {{"file", "x"}}}});
        }).message() == "project: \"file\" does not belong there; did you mean \"files\"?");
  CHECK(error_of([&] {
          broken.call("compose.ps", {{"project", {{"files", {"no.yml"}}}}});
        }).message() == (broken.instance / "no.yml").string() + " does not exist");
  std::filesystem::remove(broken.instance / "docker-compose.yml");
  CHECK(error_of([&] {
          broken.call("compose.ps", {{"project", broken.project}});
        }).message() == broken.instance.string() + " has no compose file");
}

TEST_CASE("compose.up asks Compose whether an edit of .env has come through, before anything starts by it", "[compose]") {
  Shop shop;
  std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY");
  const Json args{{"project", shop.project}, {"services", {"app"}}, {"images", {{"app", registry + "/shop:2"}}}};
  shop.release("2");
  Variable exported("SHOP_VERSION", "1");
  CHECK(error_of([&] { shop.call("compose.up", args); }).message() ==
        "project " + shop.name + ": service app would run " + registry + "/shop:1, expected " + registry + "/shop:2");
  CHECK(shop.call("compose.ps", {{"project", shop.project}}).empty());
}

TEST_CASE("the undo of an upgrade by stop, edit and up brings back the previous images", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  Json before = shop.container("app"), database = shop.container("db");
  CHECK(before.at("state") == "running");

  CHECK(shop.call("compose.stop", {{"project", shop.project}, {"services", {"app"}}, {"grace", 1}}) == Json{{"stopped", {"app"}}});
  Record stop = shop.record;
  CHECK(shop.container("app").at("state") == "exited");
  CHECK_FALSE(shop.drift().has_value());
  CHECK(shop.probe().state == Probe::State::done);
  shop.release("2");
  shop.call("compose.up", {{"project", shop.project}, {"services", {"app"}}});
  Record up = shop.record;
  CHECK(shop.image_of("app").ends_with("/shop:2"));
  CHECK_FALSE(shop.drift().has_value());

  shop.undo();
  CHECK(shop.container("app").at("state") == "exited");
  CHECK(shop.drift() == "service app is exited although the run left it running");
  shop.release("1");
  shop.record = stop;
  shop.undo();
  Json after = shop.container("app");
  CHECK(after.at("state") == "running");
  CHECK(after.at("image_id") == before.at("image_id"));
  CHECK(shop.container("db").at("id") == database.at("id"));
  shop.undo();  // again, as after a crash
  CHECK(shop.container("app").at("id") == after.at("id"));
}

TEST_CASE("the undo of a stop starts the very container where it is still there", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  Json before = shop.container("app");
  shop.call("compose.stop", {{"project", shop.project}});
  CHECK(shop.container("db").at("state") == "exited");
  shop.undo();
  CHECK(shop.container("app").at("id") == before.at("id"));
  CHECK(shop.container("app").at("state") == "running");
  CHECK(shop.container("db").at("state") == "running");
}

TEST_CASE("the undo of a stop does not take another image for the previous one", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  std::string previous = shop.container("app").at("image_id"), ref = shop.image_of("app");
  shop.call("compose.stop", {{"project", shop.project}, {"services", {"app"}}});
  Record stop = shop.record;
  shop.release("2");
  shop.call("compose.up", {{"project", shop.project}});
  shop.record = stop;  // .env was not restored
  Error error = error_of([&] { shop.undo(); });
  // The container of release 2 runs on; whoever started it stops it first.
  CHECK(error.message() == "service app was brought back with another image: " + shop.image_of("app") + " is " +
                               shop.container("app").at("image_id").get<std::string>() + ", expected " + previous);
  CHECK(error.hint() == "bring back the image " + ref + " that it ran, then try again");
}

TEST_CASE("compose.up refuses an image that is not here and changes nothing", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  std::string id = shop.container("app").at("id");
  shop.release("77");
  Error error = error_of([&] { shop.call("compose.up", {{"project", shop.project}}); });
  CHECK(to_string(error.code()) == "image.failed");
  CHECK(error.message() == "image 127.0.0.1:5000/shop:77 of service app is not here");
  CHECK(shop.container("app").at("id") == id);
  CHECK(shop.container("app").at("state") == "running");
}

TEST_CASE("compose.up does not replace a server that runs by another image, and its undo leaves running what ran before", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  Json app = shop.container("app"), db = shop.container("db");
  shop.release("2");
  Error error = error_of([&] { shop.call("compose.up", {{"project", shop.project}}); });
  CHECK(to_string(error.code()) == "container.failed");
  CHECK(error.message() == "service app runs 127.0.0.1:5000/shop:1 and would be replaced by 127.0.0.1:5000/shop:2 while it runs");
  CHECK(error.hint() == "stop it first with compose.stop, whose undo brings it back; nothing was changed");
  CHECK(shop.container("app").at("id") == app.at("id"));

  shop.release("1");
  shop.call("compose.stop", {{"project", shop.project}, {"services", {"db"}}});
  shop.write(".env", "SHOP_VERSION=1\nPASSWORD=another-secret\n");  // the same image: Compose makes another container of it
  shop.call("compose.up", {{"project", shop.project}});
  CHECK(shop.container("app").at("id") != app.at("id"));
  CHECK(shop.container("db").at("state") == "running");
  shop.undo();
  CHECK(shop.container("app").at("state") == "running");
  CHECK(shop.container("app").at("image_id") == app.at("image_id"));
  CHECK(shop.container("db").at("state") == "exited");
  CHECK(shop.container("db").at("id") == db.at("id"));
}

TEST_CASE("compose.up tells why the service ended that made it fail", "[compose]") {
  ComposeFixture migrating(R"(services:
  migrate: {image: "@shell@", command: ["sh", "-c", "echo 'SqlError: no table hidden-word'; echo '  code: 42'; exit 3"], environment: {A_TOKEN: hidden-word}}
  app: {image: "@shell@", command: ["sleep", "1000"], depends_on: {migrate: {condition: service_completed_successfully}}}
)");
  Error error = error_of([&] { migrating.call("compose.up", {{"project", migrating.project}}); });
  CHECK(to_string(error.code()) == "container.failed");
  CHECK_THAT(error.message(), ContainsSubstring("service migrate ended with status 3: SqlError: no table «A_TOKEN»"));
  CHECK(error_of([&] {
          migrating.call("compose.wait",
                         {{"project", migrating.project}, {"services", {"migrate"}}, {"state", "completed"}, {"deadline", 20}});
        }).message() == "service migrate ended with status 3: SqlError: no table «A_TOKEN»");
  Json lines = migrating.call("compose.logs", {{"project", migrating.project}, {"services", {"migrate"}}});
  CHECK(lines == Json::array({{{"service", "migrate"}, {"line", "SqlError: no table «A_TOKEN»"}},
                              {{"service", "migrate"}, {"line", "  code: 42"}}}));
}

TEST_CASE("compose.start starts containers as they are, and its undo stops them", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  std::string id = shop.container("app").at("id");
  shop.call("compose.stop", {{"project", shop.project}, {"services", {"app"}}});
  shop.release("2");
  shop.call("compose.start", {{"project", shop.project}, {"services", {"app"}}});
  CHECK(shop.container("app").at("id") == id);
  CHECK(shop.container("app").at("state") == "running");
  shop.undo();
  CHECK(shop.container("app").at("state") == "exited");
  CHECK(shop.container("db").at("state") == "running");
  CHECK(error_of([&] {
          shop.call("compose.start", {{"project", shop.project}, {"services", {"ap"}}});
        }).message() == "project " + shop.name + " has no service ap; did you mean \"app\"?");
}

TEST_CASE("a fenced service stays down over a restart of the engine, and gets its policy back", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  shop.call("compose.fence", {{"project", shop.project}, {"services", {"db"}}});
  Record fence = shop.record;
  shop.call("compose.stop", {{"project", shop.project}});
  REQUIRE(shell("\"$PLAYBOOK_TESTBED/engine\" kill && \"$PLAYBOOK_TESTBED/engine\" start") == 0);
  CHECK(shop.container("db").at("state") == "exited");
  CHECK(policy(shop.container("db")) == "no");
  CHECK(policy(shop.container("app")) == "unless-stopped");

  // A second fence keeps what the first one recorded.
  shop.call("compose.fence", {{"project", shop.project}});
  CHECK(policy(shop.container("app")) == "no");
  CHECK(shop.call("compose.unfence", {{"project", shop.project}}) == Json{{"fence_stood", true}});
  CHECK(policy(shop.container("db")) == "always");
  CHECK(policy(shop.container("app")) == "unless-stopped");
  CHECK(shop.probe().state == Probe::State::done);
  shop.undo();
  CHECK(policy(shop.container("db")) == "no");
  shop.record = fence;
  shop.undo();
  CHECK(policy(shop.container("db")) == "always");
  CHECK(shop.call("compose.unfence", {{"project", shop.project}}) == Json{{"fence_stood", false}});
}

TEST_CASE("a fence and a stop notice other hands", "[compose]") {
  Shop shop;
  shop.call("compose.up", {{"project", shop.project}});
  shop.call("compose.fence", {{"project", shop.project}, {"services", {"app"}}});
  Record fence = shop.record;
  CHECK_FALSE(shop.drift().has_value());
  shop.call("compose.stop", {{"project", shop.project}, {"services", {"app"}}});
  Record stop = shop.record;
  std::string id = shop.container("app").at("id"), name = shop.container("app").at("name");

  REQUIRE(shell("docker start " + id + " >/dev/null") == 0);
  CHECK(shop.drift() == "service app runs (container " + name + ") although the run had stopped it");
  shop.record = fence;
  REQUIRE(shell("docker update --restart=always " + id + " >/dev/null") == 0);
  CHECK(shop.drift() == "container " + name + " has the restart policy always although the run had fenced it");
  REQUIRE(shell("cd " + shop.instance.string() + " && docker compose -p " + shop.name + " up -d --force-recreate app 2>/dev/null") == 0);
  CHECK_THAT(shop.drift().value_or(""), StartsWith("service app has another container (" + name + ", started "));
}

TEST_CASE("Compose v1 does the same work beside the engine of Debian 12", "[compose]") {
  TempFolder empty;
  Variable without_plugin("DOCKER_CONFIG", empty.path().c_str());
  if (shell("docker compose version >/dev/null 2>&1") == 0) return;  // Debian 13: the plugin is the system's, and v1 is not packaged
  ComposeFixture shop(std::string("version: '3.8'\n") + kShop, "SHOP_VERSION=1\nPASSWORD=very-secret\n");
  build_release("shop", "1");
  build_release("shop", "2");
  Json config = shop.call("compose.config", {{"project", shop.project}});
  CHECK(config["compose"] == Json{{"version", "1.29.2"}, {"generation", 1}});
  CHECK(config["services"]["app"]["environment"] == Json::array({"PASSWORD", "PLAIN"}));
  CHECK(config["services"]["app"]["depends_on"] == Json{{"db", "service_started"}});
  CHECK(config["services"]["app"]["ports"] ==
        Json::array({{{"target", "80"}, {"published", "8080"}, {"host", "127.0.0.1"}, {"protocol", "tcp"}}}));
  CHECK(config["volumes"] == Json{{"data", shop.name + "_data"}});

  shop.call("compose.up", {{"project", shop.project}});
  Json before = shop.container("app");
  shop.call("compose.stop", {{"project", shop.project}, {"services", {"app"}}});
  Record stop = shop.record;
  shop.write(".env", "SHOP_VERSION=2\nPASSWORD=very-secret\n");
  shop.call("compose.up", {{"project", shop.project}});
  CHECK(shop.container("app").at("image_id") != before.at("image_id"));
  shop.undo();
  shop.write(".env", "SHOP_VERSION=1\nPASSWORD=very-secret\n");
  shop.record = stop;
  shop.undo();
  CHECK(shop.container("app").at("image_id") == before.at("image_id"));
  CHECK(shop.container("app").at("state") == "running");
  CHECK(shop.call("compose.run", {{"project", shop.project}, {"service", "app"}, {"argv", {"cat", "/VERSION"}}}).at("out") == "1\n");
}
