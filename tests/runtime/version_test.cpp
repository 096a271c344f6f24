#include "runtime/base/version.h"

#include "runtime/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;

TEST_CASE("versions are ordered as semver says, with missing parts read as 0") {
  // Each is older than the next; those on one line are equal.
  const std::vector<std::vector<std::string>> ladder{
      {"0.9"},
      {"1.0.0-alpha"},
      {"1.0.0-alpha.1"},
      {"1.0.0-alpha.beta"},
      {"1.0.0-beta.2"},
      {"1.0.0-beta.9", "v1.0.0-beta.09"},
      {"1.0.0-beta.41"},
      {"1.0.0-beta.51"},
      {"1.0.0-beta.123456789012345678901234567890"},
      {"1.0.0-rc.1"},
      {"1", "1.0", "v1.0.0", "1.0.0.0", "1.0.0+build.7", "V1"},
      {"1.0.0.1"},
      {"1.9"},
      {"1.10.0"},
      {"13.4.0"},
  };
  for (size_t i = 0; i < ladder.size(); ++i)
    for (size_t j = 0; j < ladder.size(); ++j)
      for (const std::string& a : ladder[i])
        for (const std::string& b : ladder[j]) {
          INFO(a << " and " << b);
          CHECK((Version::parse(a) <=> Version::parse(b)) == (i <=> j));
        }
}

TEST_CASE("a version keeps its text and knows its parts") {
  Version version = Version::parse("v1.99.2-beta.3+sha.5");
  CHECK(version.text() == "v1.99.2-beta.3+sha.5");
  CHECK(version.bare() == "1.99.2-beta.3");
  CHECK(version.numbers() == std::vector<unsigned long long>{1, 99, 2});
  CHECK(version.prerelease() == std::vector<std::string>{"beta", "3"});
}

TEST_CASE("what is not a version is refused by its text") {
  for (const char* text : {"", "v", "latest", "1.", ".1", "1..2", "1.2.3.4.5", "1.x", "-1", "1 .2", "1.2-", "1.2-a..b", "1.2+", "1,2",
                           "99999999999999999999", "1.2-\xC3\xA9"}) {
    INFO(text);
    CHECK_FALSE(Version::try_parse(text));
  }
  Error error = error_of([] { Version::parse("latest"); });
  CHECK(error.code() == Code::version_invalid);
  CHECK(error.message() == "\"latest\" is not a version; expected one such as 1.96, v1.99.2, 13.4.0.1 or 1.0.0-beta.51");
}

TEST_CASE("ranges") {
  struct Case {
    const char* range;
    std::vector<const char*> inside, outside;
  };
  const std::vector<Case> cases{
      {">=1.96 <2", {"1.96", "v1.99.2", "1.96.0+x"}, {"1.95.9", "2.0", "2.0.0-beta.1", "1.96-rc.1"}},
      {">= 1.96, < 2", {"1.97"}, {"2"}},
      {">1.2.3", {"1.2.4", "1.2.3.1"}, {"1.2.3", "1.2.3-rc.1"}},
      {"<=1.2.3", {"1.2.3", "1.2.3-rc.1"}, {"1.2.4"}},
      {"<1.0.0-beta.50", {"1.0.0-beta.41", "0.9"}, {"1.0.0-beta.51", "1.0.0"}},
      {"1.2", {"1.2", "1.2.0"}, {"1.2.1"}},
      {"=1.2.3", {"1.2.3"}, {"1.2.4"}},
      {"1.2.x", {"1.2.0", "1.2.99"}, {"1.3", "1.1", "1.3.0-rc.1", "1.2.0-rc.1"}},
      {"1.*", {"1.0", "1.99"}, {"2", "0.9"}},
      {"*", {"0.1", "99"}, {}},
      {"^1.2.3", {"1.2.3", "1.99"}, {"2", "1.2.2", "2.0.0-rc.1"}},
      {"^0.2.3", {"0.2.9"}, {"0.3", "0.2.2"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4"}},
      {"^0", {"0.9"}, {"1"}},
      {"^1.0.0-beta.5", {"1.0.0-beta.51", "1.4"}, {"1.0.0-beta.4", "2"}},
      {"~1.2.3", {"1.2.9"}, {"1.3"}},
      {"~1", {"1.9"}, {"2"}},
      {"1.0.0 || ^2.1", {"1", "2.1", "2.9"}, {"1.0.1", "2.0.9", "3"}},
  };
  for (const Case& one : cases) {
    for (const char* version : one.inside) {
      INFO(version << " in " << one.range);
      CHECK(Version::parse(version).satisfies(one.range));
    }
    for (const char* version : one.outside) {
      INFO(version << " in " << one.range);
      CHECK_FALSE(Version::parse(version).satisfies(one.range));
    }
  }
}

TEST_CASE("a wrong range is refused, also where an earlier part has decided already") {
  for (const char* range : {"", " ", "||", "1 ||", ">", ">>1", "=>1", ">=latest", ">9 <banana", "1.x.2", "1 - 2", "2.x || nonsense"}) {
    INFO(range);
    CHECK_THROWS_AS(Version::parse("2.0").satisfies(range), Error);
  }
  CHECK(error_of([] { Version::parse("1").satisfies(">>1"); }).message() ==
        "\">>1\" is not a version range; expected one such as \">=1.96 <2\", \"1.2.x\" or \"1.0.0 || ^2.1\"");
}
