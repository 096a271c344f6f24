// Keys that go into a backup set encrypted by age, and back to where they belong: the source `keys`, with the real program.
#include <regex>

#include "runtime/base/file.h"
#include "runtime/base/secret_sources.h"
#include "runtime/pin/docker_env.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* kEnv = "# settings\nAP_KEY='hunter2 $x'\nOTHER=1\nAP_JWT=hunter2jwt\n";
constexpr const char* kDockerEnv = "APPSMITH_ENCRYPTION_SALT=hunter2salt\nAPPSMITH_DB_URL=mongodb://x\n";
constexpr const char* kSettings = "{\"ENCRYPTION_KEY\": \"hunter2file\"}\n";

/// Two keys in a .env, one in a docker.env, and a file that is all of it a key's.
class KeptKeys : public PrimitiveFixture {
 public:
  KeptKeys() {
    environment.children = children_.get();
    fill(kEnv, kDockerEnv, kSettings);
    for (const char* name : {"key", "other"}) REQUIRE(shell("age-keygen -o " + (keys.path() / name).string() + " 2>/dev/null") == 0);
  }
  void fill(const std::string& env, const std::string& docker_env, const std::string& settings) const {
    instance_folder.write(".env", env);
    instance_folder.write("docker.env", docker_env);
    instance_folder.write("settings.json", settings);
    fs::permissions(instance / "settings.json", fs::perms::owner_read | fs::perms::group_read);
  }
  Json source() const {
    const std::string env = (instance / ".env").string();
    return {{"type", "keys"},
            {"recipients", {output_of("age-keygen -y " + identity("key"))}},
            {"pieces",
             {secret_from_dotenv(env, "AP_KEY"), secret_from_dotenv(env, "AP_JWT"),
              secret_from_docker_env((instance / "docker.env").string(), "APPSMITH_ENCRYPTION_SALT"),
              secret_from_file((instance / "settings.json").string())}}};
  }
  Json create(const Json& more = Json::object()) {
    Json args{{"sources", Json::array({source()})}};
    args.update(more);
    return call("backup.create", args);
  }
  Json named(const Json& set) const { return {{"set", set}, {"identity", identity("key")}}; }
  std::string identity(const std::string& key) const { return (keys.path() / key).string(); }
  std::string picture() const {
    return read_file(instance / ".env") + read_file(instance / "docker.env") + read_file(instance / "settings.json");
  }
  void spoil() const {
    fill("# settings\nAP_KEY=wrong\nOTHER=2\nAP_JWT=hunter2jwt\n", "APPSMITH_ENCRYPTION_SALT=wrong\nAPPSMITH_DB_URL=mongodb://y\n", "{}\n");
    fs::permissions(instance / "settings.json", fs::perms::owner_all);
  }
  std::string said() const {
    std::string text;
    for (const auto& [level, line] : logged) text += line + "\n";
    return text;
  }
  TempFolder keys;

 private:
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

const std::string kRestored =
    "# settings\nAP_KEY='hunter2 $x'\nOTHER=2\nAP_JWT=hunter2jwt\nAPPSMITH_ENCRYPTION_SALT=hunter2salt\nAPPSMITH_DB_URL=mongodb://y\n" +
    std::string(kSettings);

}  // namespace

TEST_CASE("keys go into a set for the holders of an identity alone, and a restore puts back those that differ") {
  KeptKeys app;
  const Json set = app.create();
  const std::string path = set["path"], name = set["name"];
  CHECK(shell("cd " + path + " && sha256sum --quiet -c SHA256SUMS && ! grep -r hunter2 .") == 0);
  CHECK(output_of("cd " + path + "/keys && ls | tr '\\n' ' '") ==
        "1-AP_KEY.age 2-AP_JWT.age 3-APPSMITH_ENCRYPTION_SALT.age 4-settings.json.age ");
  CHECK(output_of("age --decrypt --identity " + app.identity("key") + " " + path + "/keys/1-AP_KEY.age") == "hunter2 $x");

  app.call("backup.restore", app.named(set));
  CHECK(app.said() == "");  // nothing differs
  CHECK(app.picture() == std::string(kEnv) + kDockerEnv + kSettings);
  app.spoil();
  const std::string of = app.instance.string() + "/";
  CHECK(app.call("backup.loss", app.named(set))["text"] == "key AP_KEY in " + of + ".env is another one; key APPSMITH_ENCRYPTION_SALT in " +
                                                               of + "docker.env is another one; key file " + of +
                                                               "settings.json is another one");
  app.logged.clear();
  const Json done = app.call("backup.restore", app.named(set));
  CHECK(app.picture() == kRestored);
  CHECK(fs::status(app.instance / "settings.json").permissions() == (fs::perms::owner_read | fs::perms::group_read));
  CHECK(read_file(of + ".env.replaced-" + name) == "# settings\nAP_KEY=wrong\nOTHER=2\nAP_JWT=hunter2jwt\n");
  CHECK(done["kept"].size() == 3);
  const std::string again = " was another one, and is that of the set again\n", kept = "; remove it once all is well\n";
  CHECK(app.said() == "key AP_KEY in " + of + ".env" + again + "key APPSMITH_ENCRYPTION_SALT in " + of + "docker.env" + again +
                          "key file " + of + "settings.json" + again + "what was replaced is kept as " + of + ".env.replaced-" + name +
                          kept + "what was replaced is kept as " + of + "docker.env.replaced-" + name + kept +
                          "what was replaced is kept as " + of + "settings.json.replaced-" + name + kept);
  CHECK(app.drift() == std::nullopt);
  CHECK(app.record.result.dump().find("hunter2") == std::string::npos);
  CHECK(fs::is_empty(app.run_folder.path()));
  app.spoil();
  CHECK(app.drift()->find("key AP_KEY in " + of + ".env is another one") != std::string::npos);
}

TEST_CASE("without an identity that opens them the present keys stay as they are, and a stranger's changes nothing") {
  KeptKeys app;
  const Json set = app.create();
  app.spoil();
  const std::string present = app.picture(), of = app.instance.string() + "/", name = set["name"];
  app.call("backup.restore", {{"set", set}});
  CHECK(app.picture() == present);
  CHECK(app.said() == "the keys in " + name + " stay there, for no identity is named that opens them: key AP_KEY in " + of +
                          ".env, key AP_JWT in " + of + ".env, key APPSMITH_ENCRYPTION_SALT in " + of + "docker.env, key file " + of +
                          "settings.json as it is now\n");
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["rehearsed"] == false);
  CHECK(app.call("backup.rehearse", app.named(set))["sources"][0]["rehearsed"] == true);
  const Json stranger{{"set", set}, {"identity", app.identity("other")}};
  CHECK(error_of([&] { app.call("backup.restore", stranger); }).message() ==
        "decrypting 1-AP_KEY.age failed: no identity matched any of the recipients");
  CHECK(app.picture() == present);

  fs::remove(app.instance / "settings.json");
  fs::remove(app.instance / ".env");
  CHECK(error_of([&] { app.call("backup.restore", app.named(set)); }).message() ==
        of + ".env does not exist, so its AP_KEY cannot be put back");
  app.instance_folder.write(".env", "");
  app.call("backup.restore", app.named(set));
  CHECK(read_file(app.instance / "settings.json") == kSettings);
}

TEST_CASE("keys in a set that is encrypted as a whole, and by hand as RESTORE.md says") {
  KeptKeys app;
  const Json sealed = app.create({{"recipients", app.source()["recipients"]}});
  app.spoil();
  app.call("backup.restore", app.named(sealed));
  CHECK(app.picture() == kRestored);

  const Json set = app.create();
  app.spoil();
  const std::string text = read_file(set["path"].get<std::string>() + "/RESTORE.md");
  static const std::regex block("```sh\n([^`]*)```");
  std::string script = "AGE_IDENTITY=" + app.identity("key") + "\n";
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  REQUIRE(shell("sh -eu " + app.keys.write("by-hand.sh", script).string()) == 0);
  CHECK(read_file(app.instance / "settings.json") == kSettings);
  CHECK_THAT(text, ContainsSubstring("   - key AP_KEY in " + app.instance.string() +
                                     "/.env: `age --decrypt --identity \"$AGE_IDENTITY\" keys/1-AP_KEY.age` prints it\n"));
}

TEST_CASE("whatever instant a restore of keys dies at, each file is the old one or the new one, and a repetition ends it") {
  KeptKeys app;
  Json source = app.source();
  source["pieces"] = {source["pieces"][0], source["pieces"][3]};
  const Json set = app.create({{"sources", Json::array({source})}});
  const std::string restored = "# settings\nAP_KEY='hunter2 $x'\nOTHER=2\nAP_JWT=hunter2jwt\n" + std::string(kSettings);
  NotingFaults noted;
  app.spoil();
  app.environment.faults = &noted;
  app.call("backup.restore", app.named(set));
  app.environment.faults = nullptr;
  CHECK(noted.reached.size() >= 2 * 3);
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO(at << ", " << noted.reached[at]);
    app.spoil();
    REQUIRE(in_child([&] {
              KillingFaults kill(at);
              app.environment.faults = &kill;
              app.call("backup.restore", app.named(set));
            }).killed);
    for (const char* file : {".env", "settings.json"}) {
      const std::string text = read_file(app.instance / file);
      CHECK((restored.find(text) != std::string::npos || text.find("wrong") != std::string::npos || text == "{}\n"));
    }
    app.call("backup.restore", app.named(set));
    CHECK(read_file(app.instance / ".env") + read_file(app.instance / "settings.json") == restored);
    CHECK(output_of("cd " + app.instance.string() + " && find . -type f ! -name '*.replaced-*' | wc -l") == "3");
    CHECK(shell("! grep -rl hunter2 " + app.run_folder.path().string() + " " + app.state_folder.path().string()) == 0);
  }
}

TEST_CASE("a source of keys that is described wrongly is refused by name") {
  KeptKeys app;
  auto refused = [&](const Json& change) {
    Json source = app.source();
    source.update(change);
    return error_of([&] { app.call("backup.create", {{"sources", Json::array({source})}}); }).message();
  };
  CHECK(refused({{"recipients", Json::array()}}) == "source keys: recipients must be a list of public keys of age");
  CHECK(refused({{"recipients", {"hunter2"}}}) == "\"hunter2\" is no recipient of age");
  CHECK(refused({{"pieces", Json::object()}}) == "source keys: pieces must be a list of secret references");
  const std::string kinds = "source keys: a piece must be what secret.file, secret.dotenv or secret.docker_env gives";
  CHECK(refused({{"pieces", {"hunter2"}}}) == kinds);
  CHECK(refused({{"pieces", {secret_from_env("HOME")}}}) == kinds);
  CHECK(refused({{"pieces", {secret_from_dotenv(".env", "NOTHING")}}}) == (app.instance / ".env").string() + " has no NOTHING");
}
