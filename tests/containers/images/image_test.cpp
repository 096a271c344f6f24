// Images: fetched from a real registry, looked up, looked into.
#include "runtime/container/images.h"

#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kOne = "services: {app: {image: \"@registry@/one:1\"}}\n";

Error pull_error(ComposeFixture& fixture, const std::string& ref) {
  return error_of([&] { fixture.call("image.pull", {{"refs", {ref}}}); });
}

}  // namespace

TEST_CASE("image.pull fetches, and says of an image that it cannot have why", "[image]") {
  ComposeFixture fixture(kOne);
  std::string ref = build_release("one", "1");
  Json present = fixture.call("image.present", {{"ref", ref}, {"env", {"APP_VERSION", "NONE"}}});
  CHECK(present.at("environment") == Json{{"APP_VERSION", "1"}});
  REQUIRE(shell("docker image rm " + ref + " >/dev/null") == 0);
  CHECK(fixture.call("image.present", {{"ref", ref}}).is_null());
  const std::string digest = present["digests"][0];
  CHECK(fixture.call("image.resolve", {{"ref", ref}}).at("digest") == Json(digest.substr(digest.find('@') + 1)));

  CHECK(fixture.call("image.pull", {{"refs", {ref, ref}}}) == Json{{ref, present.at("id")}});
  CHECK_FALSE(fixture.drift().has_value());
  REQUIRE(shell("docker image rm " + ref + " >/dev/null") == 0);
  CHECK(fixture.drift() == "image " + ref + " is gone although the run had pulled it");
  CHECK(fixture.call("compose.pull", {{"project", fixture.project}}) == Json{{ref, present.at("id")}});

  Error none = pull_error(fixture, "127.0.0.1:5000/one:9");
  CHECK(to_string(none.code()) == "image.failed");
  CHECK(none.message() ==
        "image 127.0.0.1:5000/one:9 cannot be pulled: no such tag (manifest for 127.0.0.1:5000/one:9 not found: manifest unknown: manifest "
        "unknown)");
  CHECK(none.hint() == "look at the tags that 127.0.0.1:5000 has");
  CHECK(none.details() == Json{{"image", "127.0.0.1:5000/one:9"}, {"reason", "no such tag"}});
  CHECK(fixture.call("image.resolve", {{"ref", "127.0.0.1:5000/one:9"}}) == Json{{"missing", "no such tag"}});
}

TEST_CASE("a registry that is gone, closed or full is told apart", "[image]") {
  ComposeFixture fixture(kOne);
  std::string ref = build_release("one", "1");
  REQUIRE(shell("docker image rm " + ref +
                " >/dev/null; \"$PLAYBOOK_TESTBED/registry\" stop; \"$PLAYBOOK_TESTBED/registry\" start-closed") == 0);
  CHECK(pull_error(fixture, ref).details().at("reason") == "registry unreachable");
  CHECK(fixture.call("image.resolve", {{"ref", ref}}) == Json{{"missing", "registry unreachable"}});
  CHECK(error_of([&] {
          fixture.call("compose.pull", {{"project", fixture.project}});
        }).details() == Json{{"image", ref}, {"reason", "registry unreachable"}});
  CHECK(pull_error(fixture, "127.0.0.1:5001/one:1").details().at("reason") == "unauthorized");
  CHECK(fixture.call("image.resolve", {{"ref", "127.0.0.1:5001/one:1"}}) == Json{{"missing", "unauthorized"}});
  REQUIRE(shell("\"$PLAYBOOK_TESTBED/registry\" stop-closed; \"$PLAYBOOK_TESTBED/registry\" start") == 0);
  fixture.call("image.pull", {{"refs", {ref}}});
}

TEST_CASE("image.read gives a file of an image and leaves no container", "[image]") {
  ComposeFixture fixture(kOne);
  std::string ref = build_release("one", "1");
  CHECK(fixture.call("image.read", {{"ref", ref}, {"path", "/VERSION"}}) == "1\n");
  CHECK(error_of([&] { fixture.call("image.read", {{"ref", ref}, {"path", "/none"}}); }).message() == "image " + ref + " has no /none");
  CHECK(error_of([&] { fixture.call("image.read", {{"ref", ref}, {"path", "/usr"}}); }).message() == "image " + ref + ": /usr is no file");
  CHECK(error_of([&] { fixture.call("image.read", {{"ref", "nope:1"}, {"path", "/x"}}); }).message() == "image nope:1 is not here");
  CHECK(output_of("docker ps --all --quiet --filter label=playbook.run=" + fixture.environment.run_id).empty());
}
