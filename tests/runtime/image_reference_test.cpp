#include "runtime/container/image_reference.h"

#include "runtime/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;

TEST_CASE("references to images are read as docker reads them") {
  const std::string digest = "sha256:" + std::string(64, 'a');
  struct Case {
    std::string text, registry, repository, tag, digest;
  };
  const Case cases[] = {
      {"redis", "docker.io", "library/redis", "", ""},
      {"acme/app:v1", "docker.io", "acme/app", "v1", ""},
      {"ghcr.io/acme/app:1.2.0-beta.3", "ghcr.io", "acme/app", "1.2.0-beta.3", ""},
      {"127.0.0.1:5000/app", "127.0.0.1:5000", "app", "", ""},
      {"localhost/a/b/c:x", "localhost", "a/b/c", "x", ""},
      {"app:1@" + digest, "docker.io", "library/app", "1", digest},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    ImageReference image = parse_image(one.text);
    CHECK(image.registry == one.registry);
    CHECK(image.repository == one.repository);
    CHECK(image.tag == one.tag);
    CHECK(image.digest == one.digest);
  }
  for (const char* wrong : {"", "App", "a//b", "a:", "a:b:c", "a@sha256:12", "a b", "ghcr.io/", "-a", "a:é"}) {
    INFO(wrong);
    CHECK(error_of([&] { parse_image(wrong); }).code() == Code::argument_invalid);
  }
  CHECK(error_of([] { parse_image("App"); }).message() ==
        "\"App\" is no reference to an image: its name must be of lower case letters, digits, and single separators between them");
}

TEST_CASE("a tag floats unless it is a whole version, a commit, a date or beside a digest") {
  auto why = [](const std::string& text) { return floating_reason(parse_image(text)).value_or(""); };
  CHECK(why("redis") == "it has no tag, which means latest");
  CHECK(why("redis:latest") == "the tag latest is a name that moves from release to release");
  CHECK(why("redis:7-alpine") == "the tag 7-alpine moves with every release of 7");
  CHECK(why("ghcr.io/acme/app:1.0") == "the tag 1.0 moves with every release of 1.0");
  CHECK(why("postgres:16-alpine") == "the tag 16-alpine moves with every release of 16");
  for (const char* whole :
       {"postgres:16.8-alpine", "acme/app:v1.99.2", "acme/app:1.0.0-beta.51", "acme/app:sha-1b4af9b", "acme/app:20261121"}) {
    INFO(whole);
    CHECK(why(whole).empty());
  }
  CHECK(why("redis:latest@sha256:" + std::string(64, '0')).empty());
}
