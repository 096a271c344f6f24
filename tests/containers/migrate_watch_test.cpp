// migrate.watch: a container whose log is real; what it answers over HTTP the test plays.
#include <atomic>

#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/http_server.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Server : ComposeFixture {
  explicit Server(const std::string& script, const std::string& restart = "\"no\"")
      : ComposeFixture("services:\n  app:\n    image: \"@shell@\"\n    environment: {DB_PASSWORD: user-data}\n    restart: " + restart +
                       "\n    command: [\"sh\", \"-c\", \"" + script + "\"]\n") {
    call("compose.up", {{"project", project}});
  }
  HttpServer http{[this](const std::string&) {
    if (ready) return http_answer(200, R"({"version":{"app":"2"}})");
    ++refused;
    return http_answer(503, "starting");
  }};
  std::atomic<bool> ready{false};
  std::atomic<int> refused{0};

  Json watch(Json more = Json::object()) {
    Json args{{"project", project},
              {"service", "app"},
              {"url", http.url("/health")},
              {"ready", {{"status", 200}, {"json", {{"version", {{"app", "2"}}}}}}},
              {"starting", {{"status", 503}}},
              {"fail", {"^error: "}},
              {"progress", {"Server ready"}},
              {"deadline", 20}};
    args.update(more);
    return call("migrate.watch", args);
  }
};

}  // namespace

TEST_CASE("migrate.watch waits through the start and counts every line once", "[migrate]") {
  Server server("i=0; while [ $$i -lt 300 ]; do echo line $$i; i=$$((i+1)); done; sleep 1; echo Server ready; sleep 1000");
  server.ready = false;
  std::thread later([&] {
    while (output_of("docker logs " + server.name + "-app-1 2>&1 | grep -c 'Server ready' || true") == "0") {
    }
    while (server.refused == 0) {
    }
    server.ready = true;
  });
  Json result = server.watch();
  later.join();
  CHECK(result.at("lines") == 301);
  CHECK(server.refused > 0);
}

TEST_CASE("migrate.watch fails with the line that says why, without the user's data", "[migrate]") {
  Server server("echo starting; sleep 0.5; echo error: migration 7: value user-data is taken; sleep 1000");
  Error error = error_of([&] { server.watch(); });
  CHECK(to_string(error.code()) == "container.failed");
  CHECK(error.message() == "service app says that it failed: error: migration 7: value «DB_PASSWORD» is taken");
  CHECK(error.details().at("last_lines") == Json::array({"starting", "error: migration 7: value «DB_PASSWORD» is taken"}));
}

TEST_CASE("migrate.watch fails when the server ends", "[migrate]") {
  Server server("echo out of luck; exit 3");
  CHECK(error_of([&] { server.watch(); }).message() == "service app ended with status 3: out of luck");
}

TEST_CASE("migrate.watch does not wait through a restart loop", "[migrate]") {
  Server server("sleep 1; echo again; exit 1", "always");
  CHECK_THAT(error_of([&] {
               server.watch({{"restarts", 1}, {"deadline", 60}});
             }).message(),
             ContainsSubstring("service app has restarted 2 times: again"));
}

TEST_CASE("migrate.watch ends with its deadline and says what was last heard", "[migrate]") {
  Server server("echo busy; sleep 1000");
  Error error = error_of([&] { server.watch({{"deadline", 1}}); });
  CHECK(to_string(error.code()) == "timeout");
  CHECK(error.message() == "service app was not ready within 1.0s; last: it answers 503, still starting");
  server.ready = true;
  CHECK_THAT(error_of([&] {
               server.watch({{"deadline", 1}, {"ready", {{"json", {{"version", {{"app", "3"}}}}}}}});
             }).message(),
             ContainsSubstring("last: it answers 200, version.app is \"2\", expected \"3\""));
}
