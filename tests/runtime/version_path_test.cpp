// Ways from release to release: over made-up data, over the data that families ship, and over generated graphs.
#include "runtime/pin/version_path.h"

#include <ctime>
#include <random>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/version.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;

namespace {

Json shipped(const std::string& family) {
  return parse_json(read_file(PLAYBOOK_SOURCE_DIR "/playbooks/" + family + "/data/checkpoints.json"), family);
}

// `1.99 2.3 2.5.1`, a `?` behind what is unsure; or `blocked ID`.
std::string way(const Json& data, const std::string& from, const std::string& to, const Json& facts = Json::object()) {
  const Json path = version_path(from, to, data, facts, "data");
  if (path.contains("blocked")) return "blocked " + path["blocked"]["id"].get<std::string>();
  std::string text;
  for (const Json& hop : path.at("hops"))
    text += (text.empty() ? "" : " ") + hop.at("to").get<std::string>() + (hop.at("unsure").empty() ? "" : "?");
  return text;
}

Json checkpoint(const std::string& id, const std::string& from, const std::string& to, const Json& through) {
  return {{"id", id}, {"from", from}, {"to", to}, {"through", through}, {"why", "w"}, {"source", "s"}};
}

}  // namespace

TEST_CASE("the shipped data lead over the vendor's checkpoints", "[path]") {
  struct Case {
    const char *family, *from, *to;
    Json facts;
    const char* way;
  };
  const Json embedded{{"embedded", true}}, outside{{"embedded", false}};
  const std::vector<Case> cases{
      {"appsmith", "v1.8.15", "1.9.2", embedded, "1.9.2"},
      {"appsmith", "1.8.0", "1.99", embedded, "1.9.2 1.99?"},
      {"appsmith", "1.8.0", "2.5.1", embedded, "1.9.2 1.99? 2.3? 2.5.1"},
      {"appsmith", "1.8.0", "2.5.1", outside, "1.9.2 1.99 2.5.1"},
      {"appsmith", "1.8.5", "1.8.7", embedded, "blocked enum-1.8.7"},
      {"appsmith", "1.95", "2.1", embedded, "1.99 2.1"},
      {"appsmith", "1.97.2", "2.1", embedded, "2.1"},
      {"appsmith", "1.97.2", "2.3", {}, "2.3"},
      {"appsmith", "2.1", "2.5.1", {}, "2.3? 2.5.1"},
      {"appsmith", "2.5.1", "2.5.1", {}, ""},
      {"appsmith", "2.5.1", "2.4", {}, "blocked older"},
      {"umbraco", "8.6.0", "17.5.2", {}, "8.18 10 13 17.5.2"},
      {"umbraco", "9.5.4", "17.5.2", {}, "10 13 17.5.2"},
      {"umbraco", "10.8.7", "18.0.2", {}, "13 17 18.0.2"},
      {"umbraco", "13.5.2", "16.0.0", {}, "16.0.0"},
      {"umbraco", "13.5.2", "16.2.0", {}, "blocked 13-to-16.2"},
      {"umbraco", "14.3.0", "16.2.0", {}, "16.2.0"},
      {"umbraco", "17.2.0", "18.0.0", {}, "18.0.0"},
      {"activepieces", "0.71.2", "0.83.0", {{"sqlite", false}}, "0.83.0"},
      {"activepieces", "0.71.2", "0.83.0", {{"sqlite", true}}, "0.83.0?"},
      {"activepieces", "0.71.2", "0.83.0", {}, "0.83.0?"},
      {"activepieces", "0.73.0", "0.74.0", {{"sqlite", false}}, "0.74.0?"},
      {"appstrate", "1.0.0-beta.22", "1.0.0-beta.51", {{"pglite", false}}, "1.0.0-beta.51"},
      {"appstrate", "1.0.0-beta.22", "1.0.0-beta.51", {{"pglite", true}}, "blocked pglite-18"},
      {"appstrate", "1.0.0-beta.16", "1.0.0-beta.17", {{"pglite", false}}, "blocked squash-beta.17"},
      {"appstrate", "1.0.0-alpha.40", "1.0.0-beta.16", {}, "1.0.0-beta.16"},
      {"appstrate", "1.0.0-beta.41", "1.0.0-beta.43", {}, "1.0.0-beta.43?"},
  };
  for (const Case& one : cases) {
    INFO(one.family << " " << one.from << " -> " << one.to << " " << one.facts);
    CHECK(way(shipped(one.family), one.from, one.to, one.facts.is_null() ? Json::object() : one.facts) == one.way);
  }
}

TEST_CASE("every hop comes with its reasons, and with what it cannot undo", "[path]") {
  Json path = version_path("1.95", "2.2", shipped("appsmith"), {{"embedded", true}}, "data");
  REQUIRE(path["hops"].size() == 2);
  const Json &first = path["hops"][0], &second = path["hops"][1];
  CHECK(first["to"] == "1.99");
  CHECK(first["line"] == true);
  CHECK(first["reasons"][0]["id"] == "v1.96-v1.99");
  CHECK(first["reasons"][0]["until"] == "the live featureCompatibilityVersion is 6.0 or newer");
  CHECK(first["one_way"][0]["id"] == "fcv-6.0");
  CHECK(second["reasons"].empty());
  CHECK(second["one_way"].size() == 2);
  CHECK(path["unsure"] == false);
  Json umbraco = version_path("8.18.14", "10.8.7", shipped("umbraco"), Json::object(), "data");
  CHECK(umbraco["hops"][0]["before"][0]["id"] == "new-project");
}

TEST_CASE("a line of releases becomes its newest one that works, and preferences are kept", "[path]") {
  Json data{{"format", "playbook checkpoints 1"},
            {"releases", {"1.1.0", "1.2.0", "1.2.3", "1.2.4", "2.0.0"}},
            {"checkpoints", {checkpoint("a", "<1.1", ">=2", {"1.2", "1.1"})}},
            {"broken", {{{"id", "b"}, {"releases", "1.2.4"}, {"why", "w"}, {"source", "s"}}}}};
  CHECK(way(data, "1.0.0", "2.0.0") == "1.2.3 2.0.0");
  CHECK(way(data, "1.0.0", "1.2.4") == "blocked b");
  data["broken"][0]["releases"] = "1.2.x";
  data["releases"] = Json::array();
  CHECK(way(data, "1.0.0", "2.0.0") == "1.1 2.0.0");
  data["broken"][0]["releases"] = "<2";
  CHECK(way(data, "1.0.0", "2.0.0") == "blocked a");
  data["broken"][0]["sure"] = false;
  CHECK(way(data, "1.0.0", "2.0.0") == "1.2? 2.0.0");
}

TEST_CASE("data of another shape is refused by name", "[path]") {
  auto message = [](const Json& data) { return error_of([&] { version_path("1", "2", data, Json::object(), "x.json"); }).message(); };
  CHECK(message(Json::object()) == "x.json: expected \"format\": \"playbook checkpoints 1\"");
  CHECK(message({{"format", "playbook checkpoints 1"}, {"checkpoint", Json::array()}}) == "x.json: \"checkpoint\" does not belong there");
  CHECK(message({{"format", "playbook checkpoints 1"}, {"barriers", {{{"id", "x"}}}}}) ==
        "x.json: an entry of barriers has no text \"from\"");
}

TEST_CASE("every way over a graph of 30 stops keeps every rule, and none is shorter", "[path]") {
  Json data{{"format", "playbook checkpoints 1"}, {"checkpoints", Json::array()}};
  for (int stop = 1; stop <= 30; ++stop) {
    std::string version = std::to_string(stop) + ".0.0";
    data["checkpoints"].push_back(checkpoint(version, "<" + version, ">" + version, {version}));
  }
  for (int from = 0; from <= 31; ++from) {
    for (int to = from; to <= 31; ++to) {
      const Json path = version_path(std::to_string(from) + ".0.0", std::to_string(to) + ".0.0", data, Json::object(), "data");
      REQUIRE(path.at("hops").size() == static_cast<size_t>(to - from));
      int at = from;
      for (const Json& hop : path["hops"]) CHECK(hop.at("to") == Json(std::to_string(++at) + ".0.0"));
    }
  }
}

TEST_CASE("between all pairs of the shipped stops no hop skips a checkpoint", "[path]") {
  for (const char* family : {"appsmith", "umbraco"}) {
    const Json data = shipped(family);
    std::vector<std::string> versions{"1.8.0", "1.9.0", "1.50", "1.96.1", "2.1",  "2.4",  "7.0", "8.6",
                                      "9.4",   "10.1",  "12.0", "13.1",   "16.1", "17.1", "18.0"};
    for (const std::string& from : versions) {
      for (const std::string& to : versions) {
        const Json path = version_path(from, to, data, Json::object(), family);
        if (path.contains("blocked")) continue;
        for (const Json& hop : path["hops"])
          for (const Json& rule : data["checkpoints"]) {
            bool over = rule.contains("through") &&
                        Version::parse(hop["from"].get<std::string>()).satisfies(rule["from"].get<std::string>()) &&
                        Version::parse(hop["to"].get<std::string>()).satisfies(rule["to"].get<std::string>());
            INFO(family << " " << from << " -> " << to << " over " << rule["id"]);
            CHECK_FALSE(over);
          }
      }
    }
  }
}

TEST_CASE("a way among 1,000 releases is found in a few milliseconds", "[path]") {
  Json data = shipped("appsmith");
  for (int i = 0; i < 1000; ++i) data["releases"].push_back("1." + std::to_string(i / 10) + "." + std::to_string(i % 10));
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    std::clock_t begin = std::clock();
    CHECK(way(data, "1.8.0", "2.5.1") == "1.9.2 1.99.9? 2.3? 2.5.1");
    best = std::min(best, 1e3 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  }
  CAPTURE(best);
  CHECK(best < 20);
}
