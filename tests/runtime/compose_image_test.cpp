// Where Compose takes an image from, in files as people write them. That the edits mean the same to Compose itself is in tests/containers.
#include "runtime/pin/compose_image.h"

#include "runtime/base/error.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;

namespace {

ImagePlace place_in(const std::vector<std::string>& texts, const std::string& service) {
  std::vector<Yaml> files;
  for (const std::string& text : texts) files.push_back(Yaml::parse(text, std::string(1, static_cast<char>('a' + files.size())) + ".yml"));
  return find_image(files, service);
}

}  // namespace

TEST_CASE("the image of a service is found where Compose takes it from", "[pin]") {
  const std::string base =
      "x-i: &i {image: base:1}\nservices:\n  app: {image: app:1}\n  low: {<<: *i}\n  sub: {extends: app}\n"
      "  sup: {extends: {service: low}}\n";
  struct Case {
    std::vector<std::string> files;
    std::string service, place, written;
  };
  const std::vector<Case> cases{
      {{base}, "app", "a.yml:3:16", "app:1"},
      {{base}, "low", "a.yml:1:17", "base:1"},
      {{base}, "sub", "a.yml:3:16", "app:1"},
      {{base}, "sup", "a.yml:1:17", "base:1"},
      {{base, "services: {app: {image: \"app:$V\"}}\n"}, "app", "b.yml:1:25", "app:$V"},
      {{base, "services: {app: {restart: always}}\n"}, "app", "a.yml:3:16", "app:1"},
      {{"services: {a: {image: &i x:1}, b: {image: *i}}"}, "b", "a.yml:1:26", "x:1"},
  };
  for (const Case& one : cases) {
    INFO(one.service << " of " << one.files.back());
    ImagePlace found = place_in(one.files, one.service);
    CHECK(found.place == one.place);
    CHECK(found.written == one.written);
  }
}

TEST_CASE("an image that lies elsewhere is refused with the place", "[pin]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"services:\n  app:\n    extends: {file: common.yml, service: app}\n",
       "a.yml:3:21: service app is taken from common.yml, which is no file of the project"},
      {"include: [more.yml]\nservices: {}\n", "a.yml:1:10: service app comes from an included file, which is not looked into"},
      {"services: {app: {build: .}}\n", "no file of the project gives service app an image"},
      {"services: {app: {image: [x]}}\n", "a.yml:1:25: the image of app is not one value"},
      {"services:\n  app: {image: x:1}\n  app: {image: x:2}\n", "a.yml:3:3: the key \"app\" is there twice; expected it once"},
  };
  for (const auto& [text, message] : cases) CHECK(error_of([&, &yaml = text] { place_in({yaml}, "app"); }).message() == message);
}

TEST_CASE("the variable that gives an image its version is solved for it", "[pin]") {
  const TemplateValue value = [](const std::string& name) -> std::optional<std::string> {
    if (name == "REPO") return "acme";
    if (name == "EMPTY") return "";
    return std::nullopt;
  };
  struct Case {
    std::string text, wanted, name, answer;
  };
  const std::vector<Case> cases{
      {"acme/app:${V}", "acme/app:1.2.0", "V", "1.2.0"},
      {"acme/app:$V", "acme/app:1.2.0", "V", "1.2.0"},
      {"acme/app:${V:-latest}", "acme/app:1.2.0@sha256:0", "V", "1.2.0@sha256:0"},
      {"acme/app:${V:?set it}-alpine", "acme/app:1.2.0-alpine", "V", "1.2.0"},
      {"${REPO}/app:${V-1}", "acme/app:2.0.0", "V", "2.0.0"},
      {"${REPO}/app:${V:-1.0.0}", "other/app:1.0.0", "REPO", "other"},
      {"${EMPTY:-ghcr.io}/app:${V}", "ghcr.io/app:2.0.0", "V", "2.0.0"},
      {"${IMAGE:-acme/app:latest}", "acme/app:1.2.0", "IMAGE", "acme/app:1.2.0"},
      {"acme/app:${V}", "other/app:1.2.0", "", ""},
      {"acme/app:${V}-x", "acme/app:1.2.0", "", ""},
  };
  for (const Case& one : cases) {
    INFO(one.text << " <- " << one.wanted);
    auto solved = solve_template(template_parts(one.text), one.wanted, value);
    CHECK((solved ? solved->first : "") == one.name);
    CHECK((solved ? solved->second : "") == one.answer);
  }
  CHECK(template_parts("a$$b").front().text == "a$b");
  for (const char* text : {"a:${V:+x}", "a:${V", "a:${V!x}", "a:$-"})
    CHECK(error_of([&] { template_parts(text); }).message() ==
          "\"" + std::string(text) + "\" uses variables in a way that is not followed here");
}
