// Edits of YAML files of people: what is read, what changes, what is refused. What Compose makes of edited files is in tests/containers.
#include "runtime/pin/yaml.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <random>

#include "runtime/base/file.h"
#include "tests/fuzz/yaml_check.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kCompose = R"(# the shop
x-image: &image acme/app:1.2.0   # one for all
x-common: &common
  restart: unless-stopped
  logging: {driver: "json-file"}

services:
  app:
    <<: *common
    image: acme/app:1.2.0  # pinned by hand
    ports: ["8080:80", 127.0.0.1:81:81]
    stop_grace_period: 30s
  worker:
    <<: [*common]
    image: *image
  db: {image: 'postgres:16.4', environment: {POSTGRES_PASSWORD: "s3cr3t"}}
)";

std::string after_set(std::string text, const Yaml::Keys& keys, const Json& value, bool shared = false) {
  Yaml file = Yaml::parse(std::move(text), "c.yml");
  file.set(keys, value, shared);
  return file.text();
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

}  // namespace

TEST_CASE("values of a YAML file are read by their keys, through aliases and merge keys", "[yaml]") {
  const Yaml file = Yaml::parse(kCompose, "c.yml");
  auto at = [&](const Yaml::Keys& keys) {
    std::optional<Yaml::Found> found = file.find(keys);
    return found ? file.value(found->node) : Json("nothing");
  };
  CHECK(at({"services", "app", "image"}) == "acme/app:1.2.0");
  CHECK(at({"services", "worker", "image"}) == "acme/app:1.2.0");
  CHECK(at({"services", "worker", "restart"}) == "unless-stopped");
  CHECK(at({"services", "app", "logging", "driver"}) == "json-file");
  CHECK(at({"services", "app", "ports", "2"}) == "127.0.0.1:81:81");
  CHECK(at({"services", "db"}) == Json{{"image", "postgres:16.4"}, {"environment", {{"POSTGRES_PASSWORD", "s3cr3t"}}}});
  CHECK(at({"services", "worker"}) ==
        Json{{"image", "acme/app:1.2.0"}, {"restart", "unless-stopped"}, {"logging", {{"driver", "json-file"}}}});
  for (const Yaml::Keys& keys : {Yaml::Keys{"services", "none"},
                                 {"services", "app", "ports", "3"},
                                 {"services", "app", "ports", "0"},
                                 {"services", "app", "ports", "x"},
                                 {"services", "app", "image", "x"}})
    CHECK(at(keys) == "nothing");
  CHECK_FALSE(Yaml::parse("# nothing\n", "c.yml").find({"a"}));
}

TEST_CASE("plain scalars have the meanings of YAML 1.2, quoted ones are text", "[yaml]") {
  const Yaml file = Yaml::parse(
      "[~, null, true, FALSE, yes, 12, -3, +4, 0o17, 0x1F, 1.5, .5, 1e3, 9007199254740993, 1.2.3, '12', \"true\", 2026-11-21, '']",
      "c.yml");
  CHECK(file.value(0) == Json{nullptr, nullptr, true, false, "yes", 12, -3, 4, 15, 31, 1.5, 0.5, 1000.0, "9007199254740993", "1.2.3", "12",
                              "true", "2026-11-21", ""});
}

TEST_CASE("setting a value changes its bytes alone", "[yaml]") {
  struct Case {
    std::string text;
    Yaml::Keys keys;
    Json value;
    std::string after;
  };
  const std::vector<Case> cases{
      {kCompose,
       {"services", "app", "image"},
       "acme/app:1.3.0",
       replaced(kCompose, "image: acme/app:1.2.0  #", "image: acme/app:1.3.0  #")},
      {kCompose, {"services", "db", "image"}, "postgres:16.8", replaced(kCompose, "'postgres:16.4'", "'postgres:16.8'")},
      {kCompose, {"services", "app", "ports", "2"}, "82:82", replaced(kCompose, "127.0.0.1:81:81", "\"82:82\"")},
      {kCompose, {"x-image"}, "acme/app:1.2.0", kCompose},
      {"a: 1\r\nb: x # c\r\n", {"b"}, "w", "a: 1\r\nb: w # c\r\n"},
      {"\xEF\xBB\xBF"
       "a: x",
       {"a"},
       "w",
       "\xEF\xBB\xBF"
       "a: w"},
      {"a: x   \n", {"a"}, "w", "a: w   \n"},
      {"a: \"x\" # c", {"a"}, "say \"hi\"\n", "a: \"say \\\"hi\\\"\\n\" # c"},
      {"a: 'x'", {"a"}, "it's", "a: 'it''s'"},
      {"a: x", {"a"}, "it's: so #1", "a: \"it's: so #1\""},
      {"a: x", {"a"}, "1.10", "a: \"1.10\""},
      {"a: x", {"a"}, "1.10.2", "a: 1.10.2"},
      {"a: x", {"a"}, "127.0.0.1:5000/acme/app:1.2", "a: 127.0.0.1:5000/acme/app:1.2"},
      {"a: x", {"a"}, "yes", "a: \"yes\""},
      {"a: x", {"a"}, "", "a: \"\""},
      {"a: 1", {"a"}, 2, "a: 2"},
      {"a: '1'", {"a"}, 2, "a: 2"},
      {"a: false", {"a"}, true, "a: true"},
      {"a:\nb: 1\n", {"a"}, "x", "a: x\nb: 1\n"},
      {"a: # c\n", {"a"}, "x", "a: x # c\n"},
      {"a: &e x\n", {"a"}, "w", "a: &e w\n"},
      {"\"a\" : x\n", {"a"}, "w", "\"a\" : w\n"},
      {"? a\n: x\n", {"a"}, "w", "? a\n: w\n"},
      {"{a: x, b: [y]}", {"b", "1"}, "p,q", "{a: x, b: [\"p,q\"]}"},
      {"{a: x, b: [y]}", {"b", "1"}, "r/s:1.2", "{a: x, b: [r/s:1.2]}"},
      {"- x\n-   y # \xC3\xA4\n", {"2"}, "\xC3\xB6", "- x\n-   \xC3\xB6 # \xC3\xA4\n"},
  };
  for (const Case& one : cases) {
    INFO(one.text << "\n<- " << one.value);
    CHECK(after_set(one.text, one.keys, one.value) == one.after);
  }
}

TEST_CASE("what cannot be changed alone is refused with its place", "[yaml]") {
  struct Case {
    std::string text;
    Yaml::Keys keys;
    std::string message;
  };
  const std::vector<Case> cases{
      {kCompose,
       {"services", "worker", "image"},
       "c.yml:15:12: services.worker.image comes from elsewhere, by an alias or a merge key; it is written at c.yml:2:17"},
      {kCompose,
       {"services", "app", "restart"},
       "c.yml:9:5: services.app.restart comes from elsewhere, by an alias or a merge key; it is written at c.yml:4:12"},
      {kCompose, {"x-image"}, "c.yml:2:17: x-image is below the anchor at c.yml:2:17, which aliases use elsewhere"},
      {kCompose, {"x-common", "restart"}, "c.yml:4:12: x-common.restart is below the anchor at c.yml:4:3, which aliases use elsewhere"},
      {kCompose, {"services", "app"}, "c.yml:9:5: services.app is a map; expected one value"},
      {kCompose, {"services", "app", "build"}, "c.yml has no services.app.build; only a value that is there can be set"},
      {"a: x\nb: 1\na: y\n", {"a"}, "c.yml:3:1: the key \"a\" is there twice; expected it once"},
      {"a: |\n  x\n", {"a"}, "c.yml:2:1: a block of text (| or >)"},
      {"a: x\n  y\n", {"a"}, "c.yml:1:4: a value over several lines"},
      {"a: !reset x\n", {"a"}, "c.yml:1:11: a value with a tag"},
      {"{a, b: 1}", {"a"}, "c.yml:1:3: an empty value that has no colon before it"},
      {"a: &e\n", {"a"}, "c.yml:1:3: no way to write the value here reads back as the same value"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Error error = error_of([&] { after_set(one.text, one.keys, "z"); });
    CHECK(error.message() == one.message);
  }
  CHECK(after_set(kCompose, {"x-image"}, "acme/app:9.9.9", true) == replaced(kCompose, "&image acme/app:1.2.0", "&image acme/app:9.9.9"));
  CHECK(error_of([] { after_set("a: 1", {"a"}, Json::array()); }).message() ==
        "c.yml: a value to set must be a string, a number or a boolean");
  CHECK(error_of([] { after_set("a: 1", {"a"}, "\xFF"); }).message() == "c.yml: a value to set must be UTF-8");
}

TEST_CASE("a file that is no YAML is refused with its place", "[yaml]") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a: 1\n%YAML 1.1\n", "c.yml:2:1: a line that begins with %, a directive, which is not read here"},
      {"\xEF\xBB\xBF%TAG \xFF", "c.yml is not UTF-8 text"},
      {"a: \x01\n", "c.yml:1:4: a control character, which YAML cannot hold"},
      {"a: 1\n---\nb: 2\n", "c.yml:2:1: a second document; expected one in a file"},
      {"a: *b\n", "c.yml:1:4: the alias *b has no anchor before it"},
      {"a: [1, 2\n", ""},
      {"a: b: c\n", ""},
      {"a:\n\t- x\n", ""},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    Error error = error_of([&, &yaml = text] { Yaml::parse(yaml, "c.yml"); });
    if (!message.empty()) CHECK(error.message() == message);
    CHECK_THAT(error.message(), StartsWith("c.yml"));
    CAPTURE(error.message());
    if (message.empty()) CHECK_THAT(error.message(), ContainsSubstring("no YAML that can be read: "));
  }
}

TEST_CASE("any value that is set in YAML reads back, every other byte stays, and setting the old one again restores the bytes", "[yaml]") {
  std::mt19937 random(5);
  const std::vector<std::string> frames{"services:\n  app:\n    image: %s # c\n    restart: always\n", "a: {image: %s, b: [1, 2]}\r\n",
                                        "\xEF\xBB\xBF- %s", "- a\n- %s  \n# end", "k:\n  - image: %s\n    x: y\n"};
  const std::vector<std::string> values{"old", "'old one'", "\"old\"", "acme/app:1.2.0", "12", "\"a b\""};
  const std::vector<std::string> pieces{
      "a", "1", ".", ":", " ", "#", "'", "\"",       "\\",           "{",       "}", ",", "-", "\n", "?", "\t",
      "*", "&", "!", "%", "@", "`", "~", "\xC3\xA4", "\xE2\x80\xA8", "\xC2\x85"};
  for (int round = 0; round < 3000; ++round) {
    std::string text = frames[random() % frames.size()], old_raw = values[random() % values.size()];
    text.replace(text.find("%s"), 2, old_raw);
    const Yaml file = Yaml::parse(text, "c.yml");
    size_t node = 0;
    while (file.nodes()[node].kind != Yaml::Kind::scalar || text.compare(file.nodes()[node].begin, old_raw.size(), old_raw) != 0) ++node;
    std::string value;
    for (unsigned count = random() % 8; count > 0; --count) value += pieces[random() % pieces.size()];
    INFO(text << "\n<- " << Json(value));
    const Json old = file.value(node);
    check_yaml_set(file, node, value);
    Yaml changed = file;
    changed.set(node, value);
    bool kept_style = changed.nodes()[node].style == file.nodes()[node].style;
    changed.set(node, old);
    CHECK(changed.value(node) == old);
    if (kept_style) CHECK(changed.text() == text);
  }
}

TEST_CASE("the fuzzing corpus of YAML holds", "[yaml]") {
  int valid = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PLAYBOOK_SOURCE_DIR "/tests/fuzz/corpus/yaml")) {
    INFO(entry.path());
    std::string text = read_file(entry.path()), value = "it's: \"a\" #1";
    if (size_t zero = text.find('\0'); zero != std::string::npos) value = text.substr(zero + 1), text.resize(zero);
    ++(check_yaml(text, value) ? valid : refused);
  }
  CHECK(valid == 6);
  CHECK(refused == 4);
}

TEST_CASE("yaml.set edits the file behind a link, keeps its mode and attributes, and can be undone", "[yaml]") {
  PrimitiveFixture fixture;
  auto path = fixture.instance_folder.write("real/c.yml", kCompose);
  std::filesystem::create_symlink("real/c.yml", fixture.instance / "c.yml");
  ::chmod(path.c_str(), 0640);
  bool attributes = ::setxattr(path.c_str(), "user.note", "kept", 4, 0) == 0;
  const Json args{{"path", "c.yml"}, {"keys", {"services", "db", "environment", "POSTGRES_PASSWORD"}}, {"value", "other"}};

  Planned planned = fixture.plan("yaml.set", args);
  CHECK_THAT(planned.diff, !ContainsSubstring("s3cr3t") && !ContainsSubstring("other") && ContainsSubstring("*** (changed)"));
  CHECK(planned.result == true);
  CHECK(read_file(path) == kCompose);
  CHECK(fixture.call("yaml.set", args) == true);
  CHECK(read_file(path) == replaced(kCompose, "s3cr3t", "other"));
  CHECK(std::filesystem::is_symlink(fixture.instance / "c.yml"));
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0640);
  char note[8] = {};
  if (attributes) CHECK(::getxattr(path.c_str(), "user.note", note, sizeof note) == 4);
  CHECK(fixture.probe().state == Probe::State::done);
  fixture.undo();
  CHECK(read_file(path) == kCompose);

  fixture.begin("yaml.set", args);
  fixture.instance_folder.write("real/c.yml", "a: another hand\n");
  CHECK(fixture.probe().state == Probe::State::unknown);
}

TEST_CASE("yaml.get gives a reference, and the value where it is said to be public", "[yaml]") {
  PrimitiveFixture fixture;
  std::string path = fixture.instance_folder.write("c.yml", kCompose).string();
  const Json keys{"services", "db", "environment", "POSTGRES_PASSWORD"};
  Json reference = fixture.call("yaml.get", {{"path", "c.yml"}, {"keys", keys}});
  CHECK(
      reference ==
      Json{{"type", "secret"}, {"source", "yaml"}, {"path", path}, {"name", "services.db.environment.POSTGRES_PASSWORD"}, {"keys", keys}});
  CHECK(fixture.secrets.open(reference) == "s3cr3t");
  CHECK(fixture.call("yaml.get", {{"path", "c.yml"}, {"keys", {"services", "app", "image"}}, {"public", true}}) == "acme/app:1.2.0");
  CHECK(fixture.call("yaml.get", {{"path", "c.yml"}, {"keys", {"services", "none"}}}).is_null());
  CHECK(error_of([&] {
          fixture.call("yaml.get", {{"path", "c.yml"}, {"keys", {"services"}}});
        }).message() == path + ":8:3: not one value, so that it cannot be a secret");
}

TEST_CASE("the plan of yaml.set shows a public value and no other", "[yaml]") {
  PrimitiveFixture fixture;
  fixture.instance_folder.write("c.yml", "services:\n  app:\n    # KEY: hidden\n    image: a:1\n    command: run --key=k\n");
  Planned planned =
      fixture.plan("yaml.set", {{"path", "c.yml"}, {"keys", {"services", "app", "image"}}, {"value", "a:2"}, {"public", true}});
  CHECK(planned.diff == "@@ -2,4 +2,4 @@\n   app:\n     # KEY:***\n-    image: a:1\n+    image: a:2\n     command: ***\n");
}
