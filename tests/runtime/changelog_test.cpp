// Breaking changes out of changelogs. The two files follow the grammar of Appstrate's CHANGELOG.md; their content is invented.
#include "runtime/pin/changelog.h"

#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

std::string excerpt(const std::string& name) { return PLAYBOOK_SOURCE_DIR "/tests/runtime/changelog/" + name; }

}  // namespace

TEST_CASE("of a section that only grows, what is new and marked breaks", "[changelog]") {
  const auto before = parse_changelog(read_file(excerpt("old.md"))), now = parse_changelog(read_file(excerpt("new.md")));
  CHECK(before.size() == 3);
  CHECK(now.size() == 9);
  CHECK_THAT(now[4].text, ContainsSubstring("header was written as `\"X-Horn: loud\"`"));
  CHECK(now[4].text.ends_with("one line again."));
  const std::vector<Breaking> found = breaking_changes(before, now, "1.0.0-beta.25", "1.0.0-beta.51");
  const std::vector<std::vector<std::string>> expected{
      {"Changed", "", "**BREAKING: an unknown field in a mooring request is a"},
      {"Changed", "harbours in that state", "**A lantern without a colour now fails at boot, instead of staying dark**"},
      {"Fixed", "hand-managed harbours", "**The pilot portal opened on no installation (#52)**"},
      {"Changed \xE2\x80\x94 buoy format 2 (2026-03-04)", "", "**BREAKING**: buoys of format 1"}};
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].entry.kind == expected[i][0]);
    CHECK(found[i].scope == expected[i][1]);
    CHECK_THAT(found[i].entry.text, StartsWith(expected[i][2]));
    CHECK(found[i].version.empty());
  }
  CHECK(breaking_changes(now, now, "1", "2").empty());
}

TEST_CASE("sections that name a release count between the two", "[changelog]") {
  const auto entries = parse_changelog(
      "# Changelog\r\n\r\n## [Unreleased]\r\n\r\n## [2.0.0] - 2026-11-01\r\n### Breaking Changes\r\n- the API answers a list\r\n### "
      "Fixed\r\n- a typo\r\n"
      "## 1.5.0 (2026-10-01)\n### Changed\n- BREAKING (config): renamed\n- NONBREAKING: x\n## v1.4.0\n### Removed\n* BREAKING: gone\n");
  std::vector<std::string> texts;
  for (const Breaking& one : breaking_changes({}, entries, "1.4.0", "2.0.0"))
    texts.push_back(one.version + " " + one.scope + ": " + one.entry.text);
  CHECK(texts == std::vector<std::string>{"2.0.0 : the API answers a list", "1.5.0 config: BREAKING (config): renamed"});
  CHECK(breaking_changes({}, entries, "1.5.0", "1.9.9").empty());
}

TEST_CASE("a page of breaking changes is read by its releases, also where it is prose", "[changelog]") {
  PrimitiveFixture fixture;
  fixture.instance_folder.write(
      "breaking-changes.mdx",
      "---\ntitle: x\n---\n\n## 0.82.0\n\n### What has changed?\n\n- `AP_MAX_CONCURRENT_JOBS_PER_PROJECT` is now\n"
      "  `AP_DEFAULT_CONCURRENT_JOBS_LIMIT`.\n\n### Do you need to take action?\n\nIf you set `AP_SSRF`, look at it.\n"
      "\n## 0.80.0\n\n### What has changed?\n- the health path\n");
  fixture.instance_folder.write(".env", "AP_MAX_CONCURRENT_JOBS_PER_PROJECT=3\nAP_OTHER=1\n");
  const Json args{{"path", "breaking-changes.mdx"}, {"from", "0.81.0"}, {"to", "0.82.1"}, {"env_file", ".env"}};
  CHECK(fixture.call("changelog.breaking", args) ==
        Json{{{"version", "0.82.0"},
              {"kind", "What has changed?"},
              {"text", "`AP_MAX_CONCURRENT_JOBS_PER_PROJECT` is now `AP_DEFAULT_CONCURRENT_JOBS_LIMIT`."},
              {"settings", {"AP_MAX_CONCURRENT_JOBS_PER_PROJECT"}}},
             {{"version", "0.82.0"},
              {"kind", "Do you need to take action?"},
              {"text", "If you set `AP_SSRF`, look at it."},
              {"settings", Json::array()}}});
}
