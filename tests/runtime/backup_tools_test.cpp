// Backups through tools that cannot be had here (mongodump, docker save, a vendor's own command): stand-ins on this host that do what the
// real ones do to files and streams, around real archives.
#include <bson/bson.h>

#include <regex>

#include "runtime/backup/mongodump_archive.h"
#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

std::string bson_text_of(const Json& value) {
  bson_error_t error;
  const std::string text = value.dump();
  bson_t* made = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(text.data()), static_cast<ssize_t>(text.size()), &error);
  if (!made) throw std::runtime_error(error.message);
  std::string bytes(reinterpret_cast<const char*>(bson_get_data(made)), made->len);
  bson_destroy(made);
  return bytes;
}

/// One collection `app.notes` of so many documents, as mongodump writes it.
std::string dump_of(int documents) {
  const std::string end = "\xff\xff\xff\xff";
  std::string body;
  for (int i = 0; i < documents; ++i) body += bson_text_of({{"_id", i}, {"text", "note"}});
  const Json crc{{"$numberLong", std::to_string(static_cast<std::int64_t>(crc64(body)))}};
  return "\x6d\xe2\x99\x81" +
         bson_text_of({{"concurrent_collections", 4}, {"version", "0.1"}, {"server_version", "7.0.1"}, {"tool_version", "1"}}) +
         bson_text_of({{"db", "app"}, {"collection", "notes"}, {"metadata", "{}"}, {"size", 0}, {"type", "collection"}}) + end +
         bson_text_of({{"db", "app"}, {"collection", "notes"}, {"EOF", false}, {"CRC", 0}}) + body + end +
         bson_text_of({{"db", "app"}, {"collection", "notes"}, {"EOF", true}, {"CRC", crc}}) + end;
}

/// Stand-ins first in PATH, and what they keep.
class Tools : public PrimitiveFixture {
 public:
  Tools() {
    environment.children = children_.get();
    fs::create_directory(folder.path() / "bin");
  }
  void stand_in(const std::string& name, const std::string& script) {
    const fs::path file = folder.write("bin/" + name, "#!/bin/sh -eu\nkept='" + folder.path().string() + "'\n" + script);
    fs::permissions(file, fs::perms::owner_all);
  }
  std::string kept(const std::string& name) const { return read_file(folder.path() / name); }
  /// The blocks of RESTORE.md, one after the other.
  int restore_by_hand(const Json& set, const std::string& before = "") {
    const std::string text = read_file(set["path"].get<std::string>() + "/RESTORE.md");
    static const std::regex block("```sh\n([^`]*)```");
    std::string script = before;
    for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
    return shell("sh -eu " + folder.write("by-hand.sh", script).string() + " >/dev/null");
  }

  TempFolder folder;

 private:
  Variable path_{"PATH", (folder.path().string() + "/bin:" + std::getenv("PATH")).c_str()};
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

/// MongoDB as a file: the dump that it would give.
class Mongodb : public Tools {
 public:
  Mongodb() {
    fill(3);
    stand_in("mongodump",
             "echo \"$*\" >>$kept/said\nfor word; do case $word in --config=*) cat \"${word#*=}\" >$kept/config; esac; done\n"
             "gzip -c $kept/mongodb\n");
    stand_in("mongorestore",
             "echo \"$*\" >>$kept/said\ngzip -dc >$kept/mongodb.new\n"
             "case \"$*\" in *--dryRun*) ;; *) mv $kept/mongodb.new $kept/mongodb;; esac\n");
    stand_in("mongosh",
             "case \"${PLAYBOOK_MONGODB_KEPT:-}\" in '[\"app.notes\"]') echo dropped app.newer ;; "
             "*) echo \"app.notes $(cat $kept/count)\" ;; esac\n");
  }
  void fill(int documents) {
    folder.write("mongodb", dump_of(documents));
    folder.write("count", std::to_string(documents));
  }
  Json sources() const {
    return Json::array({{{"type", "mongodb"}, {"server", Json::object()}, {"uri", secret_from_env("TEST_MONGODB_URI")}}});
  }

 private:
  Variable uri_{"TEST_MONGODB_URI", "mongodb://app:it's-secret@localhost/app"};
};

}  // namespace

TEST_CASE("a MongoDB is dumped, its dump read document by document, and restored; its address is on no command line") {
  Mongodb app;
  const Json set = app.call("backup.create", {{"sources", app.sources()}});
  CHECK(set["rows"] == Json{{"app.notes", 3}});
  CHECK(app.kept("config") == "uri: 'mongodb://app:it''s-secret@localhost/app'\n");
  CHECK(app.drift() == std::nullopt);
  CHECK(app.call("backup.verify", {{"set", set}})["digest"] == set["digest"]);
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["rows"]["app.notes"] == 3);

  const std::string old = app.kept("mongodb");
  app.fill(5);
  CHECK(app.call("backup.loss", {{"set", set}})["text"] == "collection app.notes has 5 documents, not 3");
  app.call("backup.restore", {{"set", set}});
  CHECK(app.kept("mongodb") == old);
  CHECK(app.logged.back().second ==
        "MongoDB of this host: its collections were replaced in their places; dropped was what came after the backup: app.newer");
  app.fill(5);
  CHECK(app.restore_by_hand(set, "MONGODB_URI=mongodb://localhost\n") == 0);
  CHECK(app.kept("mongodb") == old);
  CHECK_THAT(app.kept("said"), !ContainsSubstring("secret"));
  CHECK(shell("! grep -r secret@ " + set["path"].get<std::string>()) == 0);
}

TEST_CASE("a MongoDB whose dump is cut short leaves no set") {
  Mongodb app;
  app.stand_in("mongodump", "gzip -c $kept/mongodb | head -c 100\n");
  CHECK_THAT(error_of([&] { app.call("backup.create", {{"sources", app.sources()}}); }).message(), StartsWith("mongodb.archive.gz"));
  app.stand_in("mongodump", "echo 'connection refused' >&2\nexit 1\n");
  CHECK(error_of([&] {
          app.call("backup.create", {{"sources", app.sources()}});
        }).message() == "mongodump of MongoDB of this host failed: connection refused");
  CHECK(app.call("backup.list") == Json::array());
}

TEST_CASE("Appsmith's own archive, made by hand, becomes a set of its MongoDB") {
  Mongodb app;
  REQUIRE(shell("cd " + app.folder.path().string() +
                " && mkdir stage && gzip -c mongodb >stage/mongodb-data.gz && echo '{}' >stage/manifest.json && "
                "tar -czf appsmith-backup-1.tar.gz -C stage .") == 0);
  app.fill(9);
  const Json set = app.call("backup.import", {{"file", (app.folder.path() / "appsmith-backup-1.tar.gz").string()},
                                              {"sources", app.sources()},
                                              {"app", "appsmith"},
                                              {"version", "1.99"}});
  CHECK(set["rows"] == Json{{"app.notes", 3}});
  app.call("backup.restore", {{"set", set}});
  CHECK(app.kept("mongodb") == dump_of(3));
}

TEST_CASE("a vendor's own backup is run, its archive taken out, checked, and given back to the vendor's restore") {
  Mongodb app;  // whose dump is what the vendor packs
  const fs::path backups = app.folder.path() / "data backup";
  fs::create_directory(backups);
  app.folder.write("data backup/appsmith-backup-0.tar.gz", "an older one");
  app.stand_in("appsmithctl", R"sh(case $1 in
  backup) mkdir -p $kept/stage; gzip -c $kept/mongodb >$kept/stage/mongodb-data.gz; tar -czf "$kept/data backup/appsmith-backup-$(cat $kept/count).tar.gz" -C $kept/stage .;;
  restore) tar -xOzf "$kept/data backup/$2" ./mongodb-data.gz | gzip -dc >$kept/mongodb;;
esac
)sh");
  Json source{{"type", "command"},
              {"server", Json::object()},
              {"command", {"appsmithctl", "backup", "--non-interactive"}},
              {"archive", (backups / "appsmith-backup-*.tar.gz").string()},
              {"check", "mongodump"}};
  auto create = [&] { return app.call("backup.create", {{"sources", Json::array({source})}}); };
  const Json without = create();
  CHECK(without["parts"][0]["file"] == "vendor/appsmith-backup-3.tar.gz");
  CHECK(app.logged.back().second == "what appsmithctl of this host backs up: no command is known that brings it back");
  CHECK(error_of([&] {
          app.call("backup.restore", {{"set", without}});
        }).message() == "what appsmithctl of this host backs up cannot be brought back from here: no command is known that does it");

  source["restore"] = {"appsmithctl", "restore", "appsmith-backup-3.tar.gz"};
  const Json set = create();
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["found"]["collections"] == Json{{"app.notes", 3}});
  const std::string old = app.kept("mongodb");
  for (const bool by_hand : {false, true}) {
    app.fill(8);
    fs::remove(backups / "appsmith-backup-3.tar.gz");
    if (by_hand)
      CHECK(app.restore_by_hand(set) == 0);
    else
      app.call("backup.restore", {{"set", set}});
    CHECK(app.kept("mongodb") == old);
  }

  app.folder.write("mongodb", "rot");
  CHECK_THAT(error_of(create).message(), ContainsSubstring("does not verify"));
  source["check"] = "tar";
  CHECK(create()["verified"] == true);
  source["check"] = "size", source["at_least"] = 1 << 20;
  CHECK_THAT(error_of(create).message(), StartsWith("appsmith-backup-8.tar.gz has only "));
  app.stand_in("appsmithctl", "true\n");
  CHECK(error_of(create).message() ==
        "appsmithctl in this host left no new file that is like " + (backups / "appsmith-backup-*.tar.gz").string() + ", one was expected");
  source["check"] = "zip";
  CHECK(error_of(create).message() == "source command: check must be one of gzip, tar, mongodump, size, found \"zip\"");
}

TEST_CASE("a database of SQL Server is backed up, verified by the server, rehearsed beside, and restored") {
  Tools app;
  const fs::path data = app.folder.path() / "data";
  fs::create_directory(data);
  app.folder.write("Umbraco", "TAPE 4");  // a database is what it holds; its table has as many rows as the number says
  app.stand_in("sqlcmd", R"sh(test "$SQLCMDPASSWORD" = "it's-secret"
for word; do statement=$word; done
database=master
while [ $# -gt 0 ]; do if [ "$1" = -d ]; then database=$2; fi; shift; done
echo "$statement" >>$kept/said
disk=$(echo "$statement" | sed -n "s/.*disk = N'\\([^']*\\)'.*/\\1/p")
name=$(echo "$statement" | sed -n 's/.*\(backup\|restore\) database \[\([^]]*\)\].*/\2/p')
case $statement in
  *'backup database'*) cp "$kept/$name" "$disk" ;;
  *verifyonly*) head -c 4 "$disk" | grep -q TAPE || { echo 'Msg 3189: damage to the backup set was detected.'; exit 1; } ;;
  *filelistonly*) echo 'Umbraco|/var/opt/mssql/data/Umbraco.mdf|D'; echo 'Umbraco_log|/var/opt/mssql/data/Umbraco.ldf|L' ;;
  *'restore database'*) cp "$disk" "$kept/$name" ;;
  *'drop database'*) rm -f "$kept/playbook_scratch_Umbraco" ;;
  *partitions*) echo "dbo.nodes|$(cut -d ' ' -f 2 "$kept/$database")" ;;
  *database_files*) echo 8192 ;;
  *serverproperty*) echo 16.0.4135.4 ;;
esac
)sh");
  Variable password("TEST_SQL_PASSWORD", "it's-secret");
  const Json source{{"type", "sqlserver"},
                    {"server", {{"password", secret_from_env("TEST_SQL_PASSWORD")}}},
                    {"database", "Umbraco"},
                    {"folder", data.string()}};
  auto create = [&] { return app.call("backup.create", {{"sources", Json::array({source})}}); };
  const Json set = create();
  CHECK(set["rows"] == Json{{"dbo.nodes", 4}});
  CHECK(app.drift() == std::nullopt);
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["rows"] == Json{{"dbo.nodes", 4}});
  CHECK_THAT(app.kept("said"),
             ContainsSubstring("backup database [Umbraco] to disk = N'" + data.string() +
                               "/playbook-Umbraco.bak' with copy_only, checksum, init, format\n") &&
                 ContainsSubstring("with checksum, move N'Umbraco' to N'" + data.string() + "/playbook_scratch_Umbraco.1'"));
  for (const bool by_hand : {false, true}) {
    app.folder.write("Umbraco", "TAPE 9");
    CHECK(app.call("backup.loss", {{"set", set}})["text"] == "table dbo.nodes has 9 rows, not 4");
    if (by_hand)
      CHECK(app.restore_by_hand(set, "SQLCMDPASSWORD=\"it's-secret\"\n") == 0);
    else
      app.call("backup.restore", {{"set", set}});
    CHECK(app.kept("Umbraco") == "TAPE 4");
  }
  CHECK(fs::is_empty(data));
  CHECK_FALSE(fs::exists(app.folder.path() / "playbook_scratch_Umbraco"));
  CHECK_THAT(app.kept("said"), !ContainsSubstring("secret"));
  app.folder.write("Umbraco", "rot 4");
  CHECK(error_of(create).message() ==
        "RESTORE VERIFYONLY of database Umbraco of SQL Server of this host failed: Msg 3189: damage to the backup "
        "set was detected.");
}

TEST_CASE("a copy of a folder that was made by hand becomes a rehearsed set, and is restored") {
  Tools app;
  app.instance_folder.write("data/one", "now");
  app.folder.write("copy/one", "then");
  app.folder.write("copy/deep/two", "2");
  const Json sources = Json::array({{{"type", "directory"}, {"path", "data"}}});
  const fs::path copy = app.folder.path() / "copy";
  const Json set = app.call("backup.import", {{"file", copy.string()}, {"sources", sources}, {"version", "1"}});
  CHECK(app.call("backup.list")[0].contains("rehearsed_at"));
  app.call("backup.restore", {{"set", set}});
  CHECK(read_file(app.instance / "data/one") == "then");
  CHECK(read_file(app.instance / "data/deep/two") == "2");
  const std::string file = (copy / "one").string();
  CHECK(error_of([&] {
          app.call("backup.import", {{"file", file}, {"sources", sources}, {"source", "data"}});
        }).message() == file + " is no folder, as a copy of directory " + (app.instance / "data").string() + " must be");
}
