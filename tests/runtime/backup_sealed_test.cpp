// Backup sets that are encrypted to recipients of age, by the real program.
#include <regex>

#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// A database, a tree and a file with a secret, and two keys.
class SealedInstance : public PrimitiveFixture {
 public:
  SealedInstance() {
    environment.children = children_.get();
    fill(3);
    instance_folder.write("tree/deep/one", "hunter2 in a tree\n");
    instance_folder.write("app.env", "PASSWORD=hunter2\n");
    for (const char* name : {"key", "other"}) REQUIRE(shell("age-keygen -o " + (keys.path() / name).string() + " 2>/dev/null") == 0);
  }
  void fill(int notes) {
    fs::remove(instance / "notes.db");
    Sqlite database(instance / "notes.db", Sqlite::Mode::create);
    database.script("create table notes(id integer primary key, text text)");
    for (int i = 0; i < notes; ++i) database.script("insert into notes(text) values('hunter2 in a row')");
  }
  std::string recipient(const std::string& key) const { return output_of("age-keygen -y " + (keys.path() / key).string()); }
  std::string identity(const std::string& key) const { return (keys.path() / key).string(); }
  Json create(std::vector<std::string> recipients) {
    return call("backup.create", {{"recipients", recipients},
                                  {"sources", Json::array({{{"type", "sqlite"}, {"path", "notes.db"}},
                                                           {{"type", "directory"}, {"path", "tree"}},
                                                           {{"type", "files"}, {"paths", {"app.env"}}}})}});
  }
  std::string picture() {
    return Sqlite(instance / "notes.db", Sqlite::Mode::read).query("select count(*) as n from notes")[0]["n"].dump() + " " +
           read_file(instance / "tree/deep/one") + read_file(instance / "app.env");
  }
  void spoil() {
    fill(7);
    instance_folder.write("tree/deep/one", "spoiled\n");
    instance_folder.write("app.env", "PASSWORD=other\n");
  }
  TempFolder keys;

 private:
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

}  // namespace

TEST_CASE("an encrypted set holds nothing in the clear, and each of its recipients verifies, rehearses and restores it") {
  SealedInstance app;
  const std::string old = app.picture();
  const Json set = app.create({app.recipient("key"), app.recipient("other")});
  const std::string path = set["path"];
  CHECK(shell("cd " + path + " && sha256sum --quiet -c SHA256SUMS") == 0);
  CHECK(shell("! grep -r hunter2 " + path) == 0);
  CHECK(output_of("cd " + path + " && find . -type f | sort | tr '\\n' ' '") ==
        "./RESTORE.md ./SHA256SUMS ./attestations.jsonl ./config/app.env.age ./manifest.json ./notes.sqlite.zst.age "
        "./tree.files.jsonl.zst.age "
        "./tree.tar.zst.age ");
  CHECK(set["rows"] == Json{{"notes", 3}});

  for (const char* key : {"key", "other"}) {
    const Json named{{"set", set}, {"identity", app.identity(key)}};
    CHECK_FALSE(app.call("backup.verify", named).contains("unchecked"));
    CHECK(app.call("backup.rehearse", named)["sources"].size() == 3);
    app.spoil();
    CHECK_THAT(app.call("backup.loss", named)["text"].get<std::string>(), ContainsSubstring("table notes: 4 added"));
    app.call("backup.restore", named);
    CHECK(app.picture() == old);
    CHECK(app.drift() == std::nullopt);
  }
  CHECK(app.call("backup.list")[0].contains("rehearsed_at"));
  CHECK(fs::is_empty(app.run_folder.path()));  // nothing that was decrypted is left
  CHECK(app.call("backup.verify", {{"set", set}})["unchecked"] ==
        Json::array({"what is in its parts, which are encrypted; an identity opens them"}));
}

TEST_CASE("an encrypted set is refused without its key, with a stranger's, damaged, and for what is no recipient") {
  SealedInstance app;
  const Json set = app.create({app.recipient("key")});
  const std::string name = set["name"];
  auto refusal = [&](const Json& more) {
    Json args{{"set", set}};
    args.update(more);
    return error_of([&] { app.call("backup.restore", args); }).message();
  };
  CHECK(refusal(Json::object()) == "backup set " + name + " is encrypted, and no identity is named that opens it");
  CHECK(refusal({{"identity", app.identity("other")}}) ==
        "decrypting notes.sqlite.zst.age failed: no identity matched any of the recipients");
  CHECK(error_of([&] { app.create({"hunter2"}); }).message() == "\"hunter2\" is no recipient of age");
  CHECK(app.call("backup.list").size() == 1);
  const fs::path part = set["path"].get<std::string>() + "/notes.sqlite.zst.age";
  std::string bytes = read_file(part);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  replace_file(part, bytes);
  CHECK(error_of([&] {
          app.call("backup.verify", {{"set", set}});
        }).message() == "backup set " + set["path"].get<std::string>() + " is damaged: notes.sqlite.zst.age was changed");
}

TEST_CASE("RESTORE.md of an encrypted set brings it back with age") {
  SealedInstance app;
  const std::string old = app.picture();
  const Json set = app.create({app.recipient("key")});
  app.spoil();
  const std::string text = read_file(set["path"].get<std::string>() + "/RESTORE.md");
  static const std::regex block("```sh\n([^`]*)```");
  std::string script = "AGE_IDENTITY=" + app.identity("key") + "\n";
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  REQUIRE(shell("sh -eu " + app.keys.write("by-hand.sh", script).string() + " 2>/dev/null") == 0);
  CHECK(app.picture() == old);
}

TEST_CASE("a copy of an encrypted set is one, and nothing is left in the clear where its maker dies") {
  SealedInstance app;
  const Json set = app.create({app.recipient("key")});
  const fs::path other = app.keys.path() / "copies";
  const Json copy = app.call("backup.copy", {{"set", set}, {"to", other.string()}});
  CHECK(app.call("backup.verify", {{"set", copy}, {"identity", app.identity("key")}})["digest"] == set["digest"]);
  NotingFaults noted;
  app.environment.faults = &noted;
  app.create({app.recipient("key")});
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    if (noted.reached[at] != "backup.sealed") continue;
    INFO(at << ", " << noted.reached[at]);
    REQUIRE(in_child([&] {
              KillingFaults kill(at);
              app.environment.faults = &kill;
              app.create({app.recipient("key")});
            }).killed);
    app.environment.faults = nullptr;
    app.create({app.recipient("key")});  // which removes what the dead one left
    CHECK(shell("! grep -rl hunter2 " + (app.state_folder.path() / "backups").string()) == 0);
    break;  // the first of them; the others differ in how many parts are in the clear still
  }
}
