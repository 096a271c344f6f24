// version.*, secret.*, host.*, clock.*, log.*, json.*.
#include <cstdlib>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace std::chrono_literals;
using playbook::testing::error_of;
using playbook::testing::PrimitiveFixture;

TEST_CASE("versions are parsed, compared and matched") {
  PrimitiveFixture fixture;
  CHECK(fixture.call("version.parse", {{"text", "latest"}}).is_null());
  CHECK(fixture.call("version.sort", {{"versions", {"1.10", "v1.9", "1.9.0-rc.2", "1.9.0-rc.10", "1.9"}}}) ==
        Json{"1.9.0-rc.2", "1.9.0-rc.10", "v1.9", "1.9", "1.10"});
  CHECK(fixture.call("version.parse", {{"text", "v1.2.3-beta.4+x"}}).dump() ==
        R"({"bare":"1.2.3-beta.4","numbers":[1,2,3],"prerelease":["beta","4"],"text":"v1.2.3-beta.4+x"})");
  CHECK(fixture.call("version.compare", {{"left", "1.9"}, {"right", "1.10"}}) == -1);
  CHECK(fixture.call("version.compare", {{"left", "v1.0"}, {"right", "1.0.0"}}) == 0);
  CHECK(fixture.call("version.compare", {{"left", "2"}, {"right", "2-rc.1"}}) == 1);
  CHECK(fixture.call("version.satisfies", {{"version", "1.97.2"}, {"range", ">=1.96 <2"}}) == true);
  CHECK(error_of([&] { fixture.call("version.compare", {{"left", "latest"}, {"right", "1"}}); }).code() == Code::version_invalid);
}

TEST_CASE("secrets are references, never values") {
  PrimitiveFixture fixture;
  CHECK(fixture.call("secret.env", {{"name", "A"}}) == secret_from_env("A"));
  CHECK(fixture.call("secret.file", {{"path", "key"}}) == secret_from_file((fixture.instance / "key").string()));
  CHECK(fixture.call("secret.dotenv", {{"path", ".env"}, {"key", "K"}}) == secret_from_dotenv((fixture.instance / ".env").string(), "K"));
  setenv("PLAYBOOK_TEST_SECRET", "x", 1);
  CHECK(fixture.call("secret.exists", {{"secret", secret_from_env("PLAYBOOK_TEST_SECRET")}}) == true);
  setenv("PLAYBOOK_TEST_SECRET", "", 1);
  CHECK(fixture.call("secret.exists", {{"secret", secret_from_env("PLAYBOOK_TEST_SECRET")}}) == false);
  unsetenv("PLAYBOOK_TEST_SECRET");
  CHECK(fixture.call("secret.exists", {{"secret", secret_from_env("PLAYBOOK_TEST_SECRET")}}) == false);
}

TEST_CASE("the host tells its room, memory, processors and programs") {
  PrimitiveFixture fixture;
  Json disk = fixture.call("host.disk", {{"path", "not/there/yet"}});
  CHECK(disk["total"] > 0);
  CHECK(disk["available"] <= disk["free"]);
  Json memory = fixture.call("host.memory");
  CHECK(memory["available"] > 0);
  CHECK(memory["available"] <= memory["total"]);
  CHECK(fixture.call("host.cpu")["count"] >= 1);
  Json tools = fixture.call("host.tools", {{"names", {"sh", "no-such-program-here"}}});
  CHECK(tools.size() == 1);
  CHECK(tools["sh"].get<std::string>().ends_with("/sh"));
}

TEST_CASE("the clock gives the time of the run's clock") {
  class Fixed : public Clock {
    Utc utc() const override { return parse_iso("2026-11-21T07:13:49.123Z"); }
  } fixed;
  PrimitiveFixture fixture;
  fixture.environment.clock = &fixed;
  CHECK(fixture.call("clock.now").dump() == R"({"iso":"2026-11-21T07:13:49.123Z","stamp":"20261121T071349Z","unix":1795245229})");
}

TEST_CASE("a sleep ends when its time is over, or at once when the run is cancelled, and is not slept in a plan") {
  PrimitiveFixture fixture;
  CHECK(fixture.call("clock.sleep", {{"duration", 0.001}}) == nullptr);
  CHECK(fixture.plan("clock.sleep", {{"duration", 90}}).text == "wait 1m30s");
  std::thread other([&] { fixture.cancel.request(); });
  CHECK(error_of([&] { fixture.call("clock.sleep", {{"duration", 1e300}}); }).code() == Code::cancelled);
  other.join();
}

TEST_CASE("the log takes any value, and a secret by its name") {
  PrimitiveFixture fixture;
  fixture.call("log.info", {{"message", "hello"}});
  fixture.call("log.warning", {{"message", {{"b", 1}, {"a", secret_from_env("X")}}}});
  fixture.call("log.info", {{"message", secret_from_env("X")}});
  REQUIRE(fixture.logged.size() == 3);
  CHECK(fixture.logged[0] == std::pair(LogLevel::info, std::string("hello")));
  CHECK(fixture.logged[1].first == LogLevel::warning);
  CHECK(fixture.logged[1].second == R"({"a":{"name":"X","source":"env","type":"secret"},"b":1})");
  CHECK(fixture.logged[2].second == "secret env X");
}

TEST_CASE("JSON is read and written") {
  PrimitiveFixture fixture;
  CHECK(fixture.call("json.parse", {{"text", " {\"a\": [1, null]} "}}).dump() == R"({"a":[1,null]})");
  CHECK(fixture.call("json.encode", {{"value", {{"b", 1}, {"a", true}}}}) == R"({"a":true,"b":1})");
  CHECK(fixture.call("json.encode", {{"value", nullptr}}) == "null");
  Error error = error_of([&] { fixture.call("json.parse", {{"text", "{"}}); });
  CHECK(error.code() == Code::json_invalid);
  CHECK(error.message() == "the text is not valid JSON");
}
