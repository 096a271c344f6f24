// The six troubles of the vendor's page "Upgrade and Migration Errors", each made as an operator makes it, then prevented, named or mended.
#include <cstdlib>

#include "runtime/base/file.h"
#include "tests/playbooks/appsmith/processes.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::testing;
using appsmith::kRows;
using appsmith::Processes;
namespace fs = std::filesystem;

namespace {

std::string evidence_of(const Processes& app) {
  for (const auto& entry : fs::directory_iterator(app.folder()))
    if (entry.path().filename().string().starts_with("appsmith-evidence-")) {
      CHECK((fs::status(entry.path()).permissions() & fs::perms::others_all) == fs::perms::none);
      return read_file(entry.path() / "diagnosis.txt") + read_file(entry.path() / "containers.log") +
             read_file(entry.path() / "containers.txt");
    }
  return "there is none";
}

/// An archive as the vendor's own command makes it, outside of the stacks.
fs::path archive_of(const Processes& app, const TempFolder& folder, const std::string& options = "") {
  app.inside("appsmithctl backup --non-interactive " + options);
  for (const auto& file : fs::directory_iterator(app.folder() / "stacks/data/backup"))
    if (file.path().extension() == ".gz") fs::copy_file(file.path(), folder.path() / "vendor.tar.gz");
  return folder.path() / "vendor.tar.gz";
}

void change_registry(const Processes& app, const std::string& ref, const Json& image) {
  const fs::path file = app.folder() / ".engine/registry.json";
  Json registry = parse_json(read_file(file), "registry.json");
  if (image.is_null())
    registry.erase(ref);
  else
    registry[ref].update(image);
  replace_file(file, registry.dump());
}

}  // namespace

TEST_CASE("trouble: backend down with aborted migration after upgrade", "[appsmith][troubles]") {
  Processes app("1.99");
  REQUIRE(app.run({"backup", "create"}).status == 0);
  app.run_by_tag_alone("2.1.9");
  app.wait("ABORTED MIGRATION");
  CHECK(app.database()["rows"] != kRows);

  const Finished named = app.run({"appsmith/rescue"});
  INFO(named.out << named.err);
  CHECK(named.status == 0);
  CHECK_THAT(named.out, ContainsSubstring("aborted migration: its log says: FAILED OVER") &&
                            ContainsSubstring("the change log has failed: change-of-v2.1.9") &&
                            ContainsSubstring("--set the backup set of before the upgrade, and then once more"));
  CHECK_THAT(evidence_of(app), ContainsSubstring("PASSED OVER - {'id': 'seed'}") && ContainsSubstring("appsmith-ce:v2.1.9"));
  CHECK(app.database()["failed"] == Json({"change-of-v2.1.9"}));  // it only looked

  const Finished mended = app.run({"appsmith/rescue", "--set", "appsmith-1.99", "--forward", "2.1"});
  INFO(mended.out << mended.err);
  REQUIRE(mended.status == 0);
  CHECK(app.database()["changes"] == Json({"seed", "change-of-v1.99", "change-of-v2.1"}));
  CHECK(app.database()["rows"] == kRows);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v2.1@"));
  CHECK(app.run({"appsmith/verify"}).status == 0);

  // And forward without a backup, as the page says second: a newer release has a migration that works.
  app.run_by_tag_alone("2.1.9");
  app.wait("ABORTED MIGRATION");
  const Finished forward = app.run({"appsmith/rescue", "--forward", "2.2"});
  INFO(forward.out << forward.err);
  REQUIRE(forward.status == 0);
  CHECK(app.database()["failed"].empty());
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v2.2@"));
}

TEST_CASE("trouble: errors or missing plugins after downgrading by changing the image tag", "[appsmith][troubles]") {
  Processes app("1.99");
  app.run_by_tag_alone("2.1");
  app.wait();
  app.run_by_tag_alone("1.99");  // it opens the data, and seems to be well
  app.wait();
  const Finished refused = app.run({"run", "appsmith/upgrade", "--to", "2.2", "--accept", "unsure"});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out, ContainsSubstring("the change log has 1 changes that 1.99 does not know, such as change-of-v2.1"));
  CHECK_THAT(app.run({"appsmith/verify"}).err, ContainsSubstring("docker.env has APPSMITH_REDIS_PASSWORD, which 2.x writes"));

  const Finished mended = app.run({"appsmith/rescue", "--forward", "2.2"});
  INFO(mended.out << mended.err);
  REQUIRE(mended.status == 0);
  CHECK(app.run({"appsmith/verify"}).status == 0);

  app.run_by_tag_alone("1.99");  // whose MongoDB does not open what 2.2 has raised
  app.wait("failed to start on the existing data");
  const Finished named = app.run({"appsmith/rescue"});
  CHECK_THAT(named.out, ContainsSubstring(
                            "downgraded by its tag alone: its data is of feature compatibility version 7.0, and 1.99 opens 6.0 at most"));
  CHECK(app.run({"appsmith/rescue", "--forward", "2.2"}).status == 0);
  CHECK(app.database()["rows"] == kRows);
  CHECK(app.run({"appsmith/verify"}).status == 0);
}

TEST_CASE("trouble: unable to invoke Cipher due to bad padding after restoring a backup", "[appsmith][troubles]") {
  TempFolder away;
  fs::path archive;
  {
    Processes other("1.99");
    archive = archive_of(other, away, "--old-layout");
  }
  Processes app("2.2");
  const std::string right = app.settings();
  std::string wrong = right;
  wrong.replace(wrong.find("APPSMITH_ENCRYPTION_SALT=") + 25, 4, "AAAA");
  app.set_settings(wrong);  // another instance has other keys
  replace_file(app.folder() / "stacks/data/says",
               "Could not find mandatory instance schema version config\nMongoDB Replica Set is not enabled\n"
               "init_postgres failed with exit status 1\nUnable to find license key in docker.env\n");
  app.compose("stop");
  app.compose("up -d");
  app.wait();
  const Json data = app.database();

  const Finished refused = app.run({"appsmith/restore", "--archive", archive.string()});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out, ContainsSubstring("none of 1 keys opens any of 1 stored values of the archive"));
  CHECK(app.database() == data);
  CHECK(app.settings() == wrong);
  CHECK_FALSE(fs::exists(app.folder() / "appsmith-archive.opened"));

  // Restored all the same, by hand: named, and mended with the docker.env of the time.
  const Finished named = app.run({"appsmith/rescue"});
  CHECK_THAT(named.out, ContainsSubstring("wrong keys: its log says: java.lang.IllegalStateException: Unable to invoke Cipher") &&
                            ContainsSubstring("what was saved under the present keys since then opens with no other"));
  for (const char* state : {"no licence: ", "MongoDB elsewhere without a replica set: ", "data without a schema version: ",
                            "embedded PostgreSQL that is off: "})
    CHECK_THAT(named.out, ContainsSubstring(state));
  fs::remove(app.folder() / "stacks/data/says");
  replace_file(away.path() / "old.env", right);
  const std::string salt = "salt=docker_env:" + (away.path() / "old.env").string() + ":APPSMITH_ENCRYPTION_SALT";
  const Finished restored = app.run({"appsmith/restore", "--archive", archive.string(), "--keys", salt});
  INFO(restored.out << restored.err);
  REQUIRE(restored.status == 0);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v1.99@"));
  CHECK(app.database()["changes"] == Json({"seed", "change-of-v1.99"}));  // nothing of 2.2 is left
  CHECK(app.database()["rows"] == kRows);
  CHECK(app.database()["fcv"] == "6.0");
  CHECK(app.settings().find("APPSMITH_ENCRYPTION_SALT=Zt7RwYh41eFgH") != std::string::npos);
  CHECK(app.run({"appsmith/verify"}).status == 0);

  // mongorestore fails half-way: what is there then is not started.
  const Json before = app.database();
  replace_file(app.folder() / "stacks/data/restore-fails", "");
  const Finished half = app.run({"appsmith/restore", "--archive", archive.string()});
  INFO(half.out << half.err);
  CHECK(half.status == 1);
  CHECK_THAT(half.out, ContainsSubstring("ROLLED BACK appsmith/restore") && ContainsSubstring("error restoring from archive"));
  CHECK(app.database() == before);
}

TEST_CASE("an encrypted archive of Appsmith brings its own keys, and with another password nothing is touched", "[appsmith]") {
  TempFolder away;
  {
    Processes other("1.99");
    other.set_settings(other.settings() + "APPSMITH_CUSTOM_DOMAIN=https://one.example\n");
    const fs::path plain = archive_of(other, away, "--with-keys");
    fs::rename(plain, away.path() / "plain");
  }
  for (const char* password : {"right", "wrong"}) away.write(password, password);
  const fs::path archive = away.path() / "vendor.tar.gz.enc";
  REQUIRE(std::system(("openssl enc -aes-256-cbc -pbkdf2 -iter 100000 -in " + (away.path() / "plain").string() + " -out " +
                       archive.string() + " -pass file:" + (away.path() / "right").string())
                          .c_str()) == 0);
  Processes app("1.99");
  std::string wrong = app.settings();
  wrong.replace(wrong.find("APPSMITH_ENCRYPTION_SALT=") + 25, 4, "AAAA");
  app.set_settings(wrong);
  const Json data = app.database();
  struct Case {
    std::vector<std::string> more;
    const char* says;
  };
  for (const Case& one :
       std::vector<Case>{{{}, "it is encrypted; give its password, in a file, with --password"},
                         {{"--password", (away.path() / "wrong").string()}, "is another one, or the archive is damaged"}}) {
    std::vector<std::string> words{"appsmith/restore", "--archive", archive.string()};
    words.insert(words.end(), one.more.begin(), one.more.end());
    const Finished refused = app.run(words);
    INFO(refused.out << refused.err);
    CHECK(refused.status != 0);
    CHECK_THAT(refused.err, ContainsSubstring(one.says));
    CHECK(app.database() == data);
    CHECK_FALSE(fs::exists(app.folder() / "appsmith-archive.opened"));
  }
  // Left off before the downtime, and given up: what it was opened into does not stay.
  const std::vector<std::string> restore{"appsmith/restore", "--archive", archive.string(), "--password", (away.path() / "right").string()};
  std::vector<std::string> held = restore;
  held.push_back("--hold");
  CHECK(app.run(held).status == 5);
  CHECK(read_file(app.folder() / "appsmith-archive.opened/docker.env").find("APPSMITH_ENCRYPTION_SALT") != std::string::npos);
  CHECK((fs::status(app.folder() / "appsmith-archive.opened").permissions() & fs::perms::mask) == fs::perms::owner_all);
  CHECK(app.run({"rollback"}).status == 0);
  CHECK_FALSE(fs::exists(app.folder() / "appsmith-archive.opened"));

  const Finished restored = app.run(restore);
  INFO(restored.out << restored.err);
  REQUIRE(restored.status == 0);
  CHECK_THAT(restored.out, ContainsSubstring("stay as they are here: APPSMITH_CUSTOM_DOMAIN"));
  CHECK(app.settings().find("one.example") == std::string::npos);
  CHECK(app.settings().find("APPSMITH_ENCRYPTION_SALT=Zt7RwYh41eFgH") != std::string::npos);
  CHECK(app.run({"appsmith/verify"}).status == 0);
  CHECK_FALSE(fs::exists(app.folder() / "appsmith-archive.opened"));
}

TEST_CASE("trouble: upgrading directly to the latest version vs stepping through releases", "[appsmith][troubles]") {
  Processes app("1.8.15");
  const std::string file = app.compose_text(), tag = ":v1.8.15";
  std::string floating = file;
  floating.erase(floating.find(tag), tag.size());
  replace_file(app.folder() / "docker-compose.yml", floating);
  const Finished refused = app.run({"run", "appsmith/upgrade", "--to", "2.2", "--accept", "unsure"});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out, ContainsSubstring("it has no tag, which means latest"));
  replace_file(app.folder() / "docker-compose.yml", file);

  // Every stop in one run, back by one run.
  const Json data = app.database();
  const std::string settings = app.settings();
  const Finished done = app.run({"run", "appsmith/upgrade", "--to", "2.1", "--accept", "unsure"});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  const Json after = app.database();
  CHECK(after["changes"] == Json({"seed", "change-of-v1.8.15", "change-of-v1.9.2", "change-of-v1.99", "change-of-v2.1"}));
  CHECK(after["schema"] == 2);
  CHECK(after["fcv"] == "6.0");
  CHECK(after["rows"] == kRows);
  CHECK_THAT(app.compose_text(), ContainsSubstring("appsmith-ce:v2.1@sha256:"));
  CHECK_THAT(app.run({"keys", "verify"}).out, ContainsSubstring("match  appsmith-v2: 1 of 1 stored value opens"));
  const Finished back = app.run({"rollback"});
  INFO(back.out << back.err);
  REQUIRE(back.status == 0);
  CHECK(app.database() == data);
  CHECK(app.settings() == settings);
  CHECK(app.compose_text() == file);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v1.8.15 running"));
}

TEST_CASE("trouble: unauthorized when pulling the image while upgrading from Community to Commercial", "[appsmith][troubles]") {
  Processes app("2.1");
  const std::string business = "registry.test/appsmith/appsmith-ee:v2.1", file = app.compose_text();
  const Json data = app.database();
  struct Case {
    Json image;
    const char* says;
  };
  const Json whole = parse_json(read_file(app.folder() / ".engine/registry.json"), "registry.json")[business];
  for (const Case& one :
       std::vector<Case>{{{{"unauthorized", true}}, "appsmith-ee:v2.1: unauthorized"}, {nullptr, "appsmith-ee:v2.1: no such tag"}}) {
    change_registry(app, business, one.image);
    const Finished refused = app.run({"appsmith/switch-edition", "--accept", "one-way"});
    INFO(refused.out << refused.err);
    CHECK(refused.status == 3);
    CHECK_THAT(refused.out, ContainsSubstring(one.says));
    app.wait();  // it was not even stopped
  }
  std::string empty = file;
  empty.replace(empty.find("appsmith-ce:v2.1"), 16, "appsmith-ee:");
  replace_file(app.folder() / "docker-compose.yml", empty);
  CHECK_THAT(app.run({"run", "appsmith/upgrade", "--to", "2.2"}).out,
             ContainsSubstring("appsmith-ee:: the tag is empty, for which registries say"));
  replace_file(app.folder() / "docker-compose.yml", file);

  change_registry(app, business, whole);
  change_registry(app, business, {{"unauthorized", false}});
  CHECK_THAT(app.run({"appsmith/switch-edition"}).out,
             ContainsSubstring("the business edition changes the database, and the community edition refuses it"));
  CHECK(app.database() == data);
  const Finished done = app.run({"appsmith/switch-edition", "--accept", "one-way"});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(app.database()["enterprise"] == true);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ee:v2.1@"));
  const Finished back = app.run({"rollback"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.database() == data);
  CHECK_THAT(app.container(), ContainsSubstring("appsmith-ce:v2.1 running"));
}

TEST_CASE("trouble: cannot import an app exported from a newer version into an older instance", "[appsmith][troubles]") {
  Processes app("2.1");
  struct Case {
    const char* text;
    int status;
    const char* says;
  };
  const std::vector<Case> cases{
      {R"({"clientSchemaVersion":1.0,"serverSchemaVersion":13.0,"exportedApplication":{}})", 3,
       "the export is of server schema 13, which 2.5.0 has begun to write, and 2.1 runs here"},
      {R"({"clientSchemaVersion":1.0,"serverSchemaVersion":11.0})", 0,
       "unknown: the export is of server schema 11, and nothing is known of that of 2.1"},
      {"{}", 0, "unknown: the file has no serverSchemaVersion: it is no export of an application"},
  };
  for (const Case& one : cases) {
    replace_file(app.folder() / "app.json", one.text);
    const Finished said = app.run({"appsmith/import-check", "--file", (app.folder() / "app.json").string()});
    INFO(said.out << said.err);
    CHECK(said.status == one.status);
    CHECK_THAT(said.out, ContainsSubstring(one.says));
  }
}
