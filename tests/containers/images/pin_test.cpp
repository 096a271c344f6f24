// Edits of compose files as the real Compose reads them, and images pinned to what runs on a real engine.
#include <random>

#include "runtime/base/file.h"
#include "runtime/pin/yaml.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Pinned : ComposeFixture {
  using ComposeFixture::ComposeFixture;
  std::string registry = std::getenv("PLAYBOOK_TEST_REGISTRY");

  std::string file(const std::string& file_name) const { return read_file(instance / file_name); }
  Json config() const {
    return parse_json(
        output_of("cd " + instance.string() + " && docker compose --project-name " + name + " config --format json 2>/dev/null"), "config");
  }
  Json pin(const Json& images) { return call("image.pin", {{"project", project}, {"images", images}}); }
  Error refusal(const Json& images) {
    return error_of([&] { pin(images); });
  }
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

}  // namespace

TEST_CASE("what is set in a compose file is what Compose reads, and nothing else changes", "[pin]") {
  Pinned here(R"(# of ours
services:
  app:
    image: "acme/app:1.0.0" # pinned
    environment: {MODE: plain, LIST: 'a,b'}
    command: [run, --fast]
    labels:
      note: kept
  worker: {image: acme/app:1.0.0}
)");
  const std::vector<Yaml::Keys> places{
      {"services", "app", "image"},        {"services", "app", "environment", "MODE"}, {"services", "app", "environment", "LIST"},
      {"services", "app", "command", "2"}, {"services", "app", "labels", "note"},      {"services", "worker", "image"}};
  const std::vector<std::string> values{"yes",  "1.10", "it's: #1", "a\"b\\c",  "012",  "~",   "2026-11-21",
                                        "x\ty", "[a]",  "- b",      "\xC3\xA4", "null", "0x1f"};
  const std::string original = here.file("docker-compose.yml");
  const Json before = here.config();
  for (size_t i = 0; i < places.size() + values.size(); ++i) {
    const Yaml::Keys& keys = places[i % places.size()];
    std::string value = keys.back() == "image" ? "other/app:2." + std::to_string(i) + ".0" : values[i % values.size()];
    INFO(Json(keys) << " <- " << value);
    Yaml file = Yaml::parse(original, "docker-compose.yml");
    const Json old = file.value(file.find(keys)->node);
    file.set(keys, value);
    here.instance_folder.write("docker-compose.yml", file.text());
    Json expected = before;
    Json* at = &expected;
    for (const std::string& key : keys) at = at->is_array() ? &at->at(std::stoul(key) - 1) : &at->at(key);
    *at = value;
    CHECK(here.config() == expected);
    file.set(keys, old);
    if (file.text() != original) CHECK(file.value(file.find(keys)->node) == old);  // quotes that were needed once stay
  }
}

TEST_CASE("image.pin changes an image where Compose takes it from", "[pin]") {
  Pinned here(R"(x-worker: &worker
  image: acme/worker   # no tag
services:
  app: {image: "acme/app:${APP_VERSION:-latest}", environment: {APP_VERSION: "${APP_VERSION:-}", PASSWORD: "${PASSWORD}"}}
  one: {<<: *worker}
  two: {<<: *worker}
  db: {image: postgres}
  sub: {extends: {service: db}, restart: always}
)",
              "PASSWORD=very-secret # kept\n");
  here.write("docker-compose.override.yml", "services:\n  db:\n    image: postgres:16   # moves\n");
  const std::string base = here.file("docker-compose.yml"), override_file = here.file("docker-compose.override.yml");

  Planned planned = here.plan("image.pin", {{"project", here.project}, {"images", {{"app", "acme/app:1.2.0"}, {"db", "postgres:16.4"}}}});
  CHECK(planned.text == "image.pin in docker-compose.override.yml, .env");
  CHECK(
      planned.diff ==
      "--- docker-compose.override.yml\n+++ docker-compose.override.yml\n@@ -1,3 +1,3 @@\n services:\n   db:\n-    image: postgres:16   # "
      "moves\n+    image: postgres:16.4   # moves\n--- .env\n+++ .env\n@@ -1 +1,2 @@\n PASSWORD=*** # kept\n+APP_VERSION=1.2.0\n");
  CHECK(here.pin({{"app", "acme/app:1.2.0"}, {"db", "postgres:16.4"}}) ==
        Json{{"changed", true}, {"files", {"docker-compose.override.yml", ".env"}}});
  CHECK(here.file("docker-compose.yml") == base);
  CHECK(here.file(".env") == "PASSWORD=very-secret # kept\nAPP_VERSION=1.2.0\n");
  CHECK(here.config()["services"]["app"]["image"] == "acme/app:1.2.0");
  CHECK(here.probe().state == Probe::State::done);
  here.undo();
  here.undo();
  CHECK(here.file(".env") == "PASSWORD=very-secret # kept\n");
  CHECK(here.file("docker-compose.override.yml") == override_file);
  CHECK(here.probe().state == Probe::State::not_done);

  here.pin({{"one", "acme/worker:1.0.0"}, {"two", "acme/worker:1.0.0"}});
  CHECK(here.file("docker-compose.yml") == replaced(base, "image: acme/worker ", "image: acme/worker:1.0.0 "));
  CHECK(here.pin({{"one", "acme/worker:1.0.0"}}) == Json{{"changed", false}, {"files", Json::array()}});
  CHECK_FALSE(std::filesystem::exists(here.run_folder.path() / "edited-copies"));
}

TEST_CASE("image.pin that dies between two files is done or not done, and never half", "[pin]") {
  Pinned here("services:\n  app: {image: \"acme/app:${V:-latest}\"}\n  db: {image: postgres}\n", "A=1\n");
  const std::string compose = here.file("docker-compose.yml"), env = here.file(".env");
  const Json args{{"project", here.project}, {"images", {{"app", "acme/app:1.2.0"}, {"db", "postgres:16.4"}}}};
  struct Died {};
  struct DieAt final : Faults {
    explicit DieAt(std::string at, int left) : instant(std::move(at)), times(left) {}
    void reach(std::string_view at) override {
      if (at == instant && --times == 0) throw Died{};
    }
    std::string instant;
    int times;
  };
  struct Case {
    const char* instant;
    int times;
    Probe::State state;
  };
  for (const Case& one : {Case{"file.synced", 1, Probe::State::not_done},
                          {"file.renamed", 1, Probe::State::not_done},
                          {"image.pin.one", 1, Probe::State::not_done},
                          {"file.synced", 2, Probe::State::not_done},
                          {"file.renamed", 2, Probe::State::done},
                          {"image.pin.one", 2, Probe::State::done}}) {
    INFO(one.instant << " " << one.times);
    DieAt faults(one.instant, one.times);
    here.environment.faults = &faults;
    CHECK_THROWS_AS(here.call("image.pin", args), Died);
    here.environment.faults = nullptr;
    Probe probe = here.probe();
    CHECK(probe.state == one.state);
    if (one.state == Probe::State::not_done) CHECK(here.file("docker-compose.yml") == compose);
    here.undo();
    CHECK(here.file("docker-compose.yml") == compose);
    CHECK(here.file(".env") == env);
  }
}

TEST_CASE("image.pin refuses with the place what it cannot change alone", "[pin]") {
  Pinned here(R"(x-worker: &worker
  image: acme/worker
services:
  app: {image: "acme/app:${APP_VERSION:-latest}", command: ["run", "${APP_VERSION:-}"]}
  one: {<<: *worker}
  two: {<<: *worker}
  far: {extends: {file: common.yml, service: far}}
)");
  here.write("common.yml", "services: {far: {image: far}}\n");
  const std::string base = here.file("docker-compose.yml");
  CHECK(here.refusal({{"one", "acme/worker:1.0.0"}}).message() ==
        "docker-compose.yml:2:10: what gives the image there also gives service two acme/worker:1.0.0");
  CHECK(here.refusal({{"app", "acme/app:1.0.0"}}).message() == "pinning the images would change more of service app than its image");
  CHECK(here.refusal({{"app", "other/app:1.0.0"}}).message() ==
        "docker-compose.yml:4:16: image acme/app:${APP_VERSION:-latest} cannot become other/app:1.0.0 by the value of one variable");
  CHECK(here.refusal({{"far", "far:1.0.0"}}).message() ==
        "docker-compose.yml:7:25: service far is taken from common.yml, which is no file of the project");
  CHECK(here.refusal({{"ap", "a:1.0.0"}}).message() == "project " + here.name + " has no service ap; did you mean \"app\"?");
  CHECK(here.refusal({{"one", "acme/worker:1"}}).message() ==
        "image.pin: acme/worker:1 is no pin: the tag 1 moves with every release of 1");
  Variable exported("APP_VERSION", "3.0.0");
  CHECK(here.refusal({{"app", "acme/app:1.0.0"}}).message() ==
        "docker-compose.yml:4:16: APP_VERSION is exported in the environment of this command, which Compose prefers to .env");
  CHECK(here.file("docker-compose.yml") == base);
  CHECK_FALSE(std::filesystem::exists(here.instance / ".env"));
}

TEST_CASE("image.current tells what floats and what would pin it", "[pin]") {
  Pinned here(R"(services:
  latest: {image: "@registry@/pinned:latest", command: ["sleep", "1000"]}
  bare: {image: "@registry@/pinned", command: ["sleep", "1000"]}
  major: {image: "@registry@/unnamed:7", command: ["sleep", "1000"]}
  fixed: {image: "@registry@/pinned:1.4.2", command: ["sleep", "1000"]}
  built: {image: "local:latest", command: ["sleep", "1000"]}
  idle: {image: "@registry@/pinned:latest", profiles: [never]}
)");
  std::string ref = build_release("pinned", "1.4.2"), unnamed = build_release("unnamed", "7");
  REQUIRE(shell("docker tag " + ref + " " + here.registry + "/pinned:latest && docker push --quiet " + here.registry +
                "/pinned:latest >/dev/null && docker tag " + here.shell_image + " local:latest && cd " + here.instance.string() +
                " && docker compose --project-name " + here.name + " up --detach --quiet-pull 2>/dev/null") == 0);
  Json now = here.call("image.current", {{"project", here.project}});
  CHECK(now["latest"]["floating"] == "the tag latest is a name that moves from release to release");
  CHECK(now["latest"]["place"] == "docker-compose.yml:2:19");
  CHECK(now["latest"]["pin"] == Json(ref));
  CHECK(now["latest"]["why"] == "its registry has it by this tag");
  CHECK(now["bare"]["pin"] == Json(ref));
  const std::string digest = here.call("image.present", {{"ref", unnamed}}).at("digests")[0];
  const std::string both = unnamed + digest.substr(digest.find('@'));  // the tag tells people, the digest counts
  CHECK(now["major"]["pin"] == Json(both));
  CHECK(now["major"]["why"] == "no tag with a full version names it in its registry");
  CHECK_FALSE(now["fixed"].contains("floating"));
  CHECK_FALSE(now["fixed"].contains("pin"));
  CHECK_FALSE(now.contains("idle"));
  CHECK_FALSE(now["built"].contains("pin"));
  CHECK(now["built"]["why"] == "no registry and no tag with a full version names it");

  here.pin({{"latest", now["latest"]["pin"]}, {"major", now["major"]["pin"]}});
  CHECK(here.config()["services"]["major"]["image"] == Json(both));
  CHECK_THAT(output_of("cd " + here.instance.string() + " && docker compose --project-name " + here.name +
                       " up --detach --no-recreate 2>&1 || true"),
             !ContainsSubstring("invalid"));
}
