#include <signal.h>
#include <unistd.h>

#include <fstream>

#include "runtime/base/file.h"
#include "runtime/database/sqlite_fingerprint.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// An instance with one database and one configuration file.
class Instance : public PrimitiveFixture {
 public:
  Instance() {
    execute(
        "pragma journal_mode=wal; create table notes(id integer primary key, text text); insert into notes values(1, 'one'), (2, 'two')");
    instance_folder.write(".env", "PORT=8080\n");
  }
  void execute(const std::string& sql) const { Sqlite(instance / "notes.db", Sqlite::Mode::create).script(sql); }
  Json rows() const { return Sqlite(instance / "notes.db", Sqlite::Mode::read).query("select id, text from notes order by id"); }
  Json args() const {
    return {{"sources", {{{"type", "sqlite"}, {"path", "notes.db"}}, {{"type", "files"}, {"paths", {".env"}}}}},
            {"app", "demo"},
            {"version", "1.0"}};
  }
  Json back_up() { return call("backup.create", args()); }
  fs::path backups() const { return state_folder.path() / "backups"; }
};

const Json kBefore = Json::array({{{"id", 1}, {"text", "one"}}, {{"id", 2}, {"text", "two"}}});

}  // namespace

TEST_CASE("sqlite.query reads rows and refuses to change any") {
  Instance app;
  CHECK(app.call("sqlite.query", {{"path", "notes.db"}, {"sql", "select text from notes where id = ?"}, {"args", {2}}}) ==
        Json::array({{{"text", "two"}}}));
  CHECK(app.call("sqlite.query", {{"path", "notes.db"}, {"sql", "select * from notes where id > 9"}}) == Json::array());
  for (std::string sql :
       {"delete from notes", "drop table notes", "vacuum", "pragma user_version = 3", "insert into notes(text) values('x') returning id"}) {
    INFO(sql);
    Error error = error_of([&] { app.call("sqlite.query", {{"path", "notes.db"}, {"sql", sql}}); });
    CHECK(error.code() == Code::argument_invalid);
    CHECK(error.message() == "sqlite.query: \"" + sql + "\" changes the database, only reading is allowed");
  }
  CHECK(error_of([&] {
          app.call("sqlite.query", {{"path", "notes.db"}, {"sql", "select * from notes"}, {"limit", 1}});
        }).message() == "\"select * from notes\" gives more than 1 rows");
  CHECK(app.rows() == kBefore);
}

TEST_CASE("sqlite.fingerprint is equal for equal data") {
  Instance app;
  Json before = app.call("sqlite.fingerprint", {{"path", "notes.db"}});
  CHECK(before["tables"]["notes"]["rows"] == 2);
  app.execute("insert into notes(text) values('three')");
  CHECK(app.call("sqlite.fingerprint", {{"path", "notes.db"}}) != before);
  app.execute("delete from notes where id = 3");
  CHECK(app.call("sqlite.fingerprint", {{"path", "notes.db"}}) == before);
}

TEST_CASE("backup.create gives a verified set in the state folder") {
  Instance app;
  Json set = app.back_up();
  CHECK(set["type"] == "backup.set");
  CHECK(set["verified"] == true);
  CHECK(fs::path(set["path"].get<std::string>()).parent_path() == app.backups());
  CHECK_THAT(set["name"].get<std::string>(), ContainsSubstring("-demo-1.0"));
  CHECK(set["digest"] == file_digest(fs::path(set["path"].get<std::string>()) / "SHA256SUMS"));
  CHECK(set["rows"] == Json{{"notes", 2}});
  CHECK(set["sources"][0]["path"] == (app.instance / "notes.db").string());
  CHECK(app.call("backup.verify", {{"set", set}})["name"] == set["name"]);
  CHECK(app.call("backup.verify", {{"set", set["name"]}})["digest"] == set["digest"]);
  Json listed = app.call("backup.verify", {{"set", set["path"]}});
  listed.erase("moved");
  listed.update({{"verified_at", set["created"]}, {"needed_by", Json::array()}});
  CHECK(app.call("backup.list") == Json::array({listed}));
  CHECK_FALSE(fs::exists(app.run_folder.path() / "scratch"));
}

TEST_CASE("rows of several databases go by source") {
  Instance app;
  fs::copy_file(app.instance / "notes.db", app.instance / "other.db");
  Json args{{"sources", {{{"type", "sqlite"}, {"path", "notes.db"}}, {{"type", "sqlite"}, {"path", "other.db"}}}}, {"to", "sets"}};
  Json set = app.call("backup.create", args);
  CHECK(set["rows"] == Json{{"notes.notes", 2}, {"other.notes", 2}});
  CHECK(fs::path(set["path"].get<std::string>()).parent_path() == app.instance / "sets");
}

TEST_CASE("a planned backup says what it would do, makes nothing, and can be handed on") {
  Instance app;
  Planned planned = app.plan("backup.create", app.args());
  CHECK(planned.predicted);
  CHECK(planned.result["type"] == "backup.set");
  CHECK(planned.result["planned"] == true);
  CHECK_THAT(planned.text, StartsWith("back up "));
  CHECK_THAT(planned.text,
             ContainsSubstring("\n  database " + (app.instance / "notes.db").string() + "\n  file " + (app.instance / ".env").string()));
  CHECK_FALSE(fs::exists(app.backups()));
  CHECK(app.plan("backup.verify", {{"set", planned.result}}).result == planned.result);
  CHECK_THAT(app.plan("backup.restore", {{"set", planned.result}}).text, ContainsSubstring("\n  " + (app.instance / "notes.db").string()));
  CHECK(error_of([&] {
          app.plan("backup.create", {{"sources", {{{"type", "tape"}}}}});
        }).message() == "there is no backup source of type \"tape\"");
}

TEST_CASE("after a crash the probe of backup.create knows whether the set was made") {
  NotingFaults noted;
  {
    Instance app;
    app.environment.faults = &noted;
    app.back_up();
  }
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO("killed at " << noted.reached[at]);
    Instance app;
    app.begin("backup.create", app.args());
    ChildEnd end = in_child([&] {
      KillingFaults kill(at);
      app.environment.faults = &kill;
      Context context(app.environment, "run/1", nullptr, nullptr);
      app.registry.at("backup.create").run(context, app.record.args, app.record.prepared);
    });
    REQUIRE(end.killed);
    Probe probe = app.probe();
    if (noted.reached[at] == "backup.renamed") {
      CHECK(probe.state == Probe::State::done);
      CHECK(probe.result["verified"] == true);
      CHECK(app.call("backup.verify", {{"set", probe.result}})["rows"] == Json{{"notes", 2}});
    } else {
      CHECK(probe.state == Probe::State::not_done);
      CHECK(app.back_up()["verified"] == true);
      CHECK(app.call("backup.list").size() == 1);
    }
  }
}

TEST_CASE("backup.create drifts when the data moves on, or the set does") {
  Instance app;
  Json set = app.back_up();
  std::string name = set["name"], path = set["path"];
  CHECK(app.drift() == std::nullopt);
  app.instance_folder.write(".env", "PORT=9090\n");  // which the playbook itself may do after a backup
  CHECK(app.drift() == std::nullopt);
  app.execute("insert into notes(text) values('3'), ('4'), ('5')");
  CHECK(app.drift() == "data changed since the backup " + name + " (table notes: 3 rows more)");
  app.execute("delete from notes where id > 2");
  CHECK(app.drift() == std::nullopt);
  std::ofstream(path + "/SHA256SUMS", std::ios::app) << "\n";
  CHECK(app.drift() == "backup set " + path + " was changed");
  fs::remove_all(path);
  CHECK(app.drift() == "backup set " + path + " is gone");
}

TEST_CASE("backup.verify raises with every finding") {
  Instance app;
  Json set = app.back_up();
  std::string path = set["path"];
  fs::remove(path + "/RESTORE.md");
  Error error = error_of([&] { app.call("backup.verify", {{"set", set}}); });
  CHECK(error.code() == Code::backup_corrupt);
  CHECK(error.message() == "backup set " + path + " is damaged: RESTORE.md is missing");
  CHECK(error.details() == Json{{"findings", {{{"file", "RESTORE.md"}, {"what", "is missing"}}}}});
  CHECK(error_of([&] {
          app.call("backup.verify", {{"set", "none"}});
        }).message() == "backup set " + (app.backups() / "none").string() + " does not exist");
  CHECK(error_of([&] {
          app.call("backup.verify", {{"set", 3}});
        }).message() == "a backup set must be what backup.create gave, or the path or name of a set");
}

TEST_CASE("backup.restore brings back what was, says what it cost and where the rest is") {
  Instance app;
  Json set = app.back_up();
  app.execute("insert into notes(text) values('three'); update notes set text = 'uno' where id = 1");
  Json result = app.call("backup.restore", {{"set", set}});
  CHECK(app.rows() == kBefore);
  CHECK(result["loss"]["text"] == "table notes: 1 added, 1 changed");
  std::string kept = (app.instance / "notes.db").string() + ".replaced-" + set["name"].get<std::string>();
  CHECK(result["kept"] == Json::array({kept}));
  REQUIRE(app.logged.size() == 1);
  CHECK(app.logged[0].second == "what was replaced is kept as " + kept + "; remove it once all is well");
  CHECK(app.drift() == std::nullopt);
  app.execute("delete from notes where id = 1");
  CHECK(app.drift() == "data changed since " + set["name"].get<std::string>() + " was restored (table notes: 1 row fewer)");
  Primitive& restore = app.registry.at("backup.restore");
  CHECK(restore.may_lose_data({}));
  CHECK(restore.undo_kind({}) == Undo::impossible);
}

TEST_CASE("backup.restore goes on after a crash at any instant") {
  NotingFaults noted;
  {
    Instance app;
    Json set = app.back_up();
    app.execute("insert into notes(text) values('three')");
    app.environment.faults = &noted;
    app.call("backup.restore", {{"set", set}});
  }
  REQUIRE(noted.reached.size() >= 6);
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO("killed at " << noted.reached[at]);
    Instance app;
    Json set = app.back_up();
    app.execute("insert into notes(text) values('three')");
    app.begin("backup.restore", {{"set", set}});
    CHECK(in_child([&] {
            KillingFaults kill(at);
            app.environment.faults = &kill;
            Context context(app.environment, "run/2", nullptr, nullptr);
            app.registry.at("backup.restore").run(context, app.record.args, app.record.prepared);
          }).killed);
    CHECK(app.probe().state == Probe::State::not_done);
    CHECK(app.call("backup.restore", {{"set", set}})["kept"].size() == 1);
    CHECK(app.rows() == kBefore);
  }
}

TEST_CASE("backup.loss says what a restore would take away") {
  Instance app;
  Json set = app.back_up();
  CHECK(app.call("backup.loss", {{"set", set}})["equal"] == true);
  app.execute("insert into notes(text) values('three'), ('four')");
  Json loss = app.call("backup.loss", {{"set", set}, {"only", {"notes"}}});
  CHECK(loss["text"] == "table notes: 2 added");
  CHECK(loss["sources"][0]["items"] == Json::array({{{"what", "table notes"}, {"added", 2}, {"removed", 0}, {"changed", 0}}}));
}

TEST_CASE("backup.rehearse compares and leaves nothing") {
  Instance app;
  Json set = app.back_up();
  app.execute("delete from notes");
  CHECK(app.call("backup.rehearse", {{"set", set}})["sources"][0]["rows"] == Json{{"notes", 2}});
  CHECK_FALSE(fs::exists(app.run_folder.path() / "scratch"));
  CHECK(app.call("backup.verify", {{"set", set}})["name"] == set["name"]);
}

TEST_CASE("backup.list names what cannot be used") {
  Instance app;
  CHECK(app.call("backup.list") == Json::array());
  fs::create_directories(app.backups() / "20200101T000000Z-demo.partial");
  fs::create_directories(app.backups() / "notes of mine");
  app.state_folder.write("backups/20200102T000000Z-demo/manifest.json", "{}");
  CHECK(app.call("backup.list") == Json::array({{{"name", "20200101T000000Z-demo.partial"},
                                                 {"path", (app.backups() / "20200101T000000Z-demo.partial").string()},
                                                 {"problem", "it is unfinished"}},
                                                {{"name", "20200102T000000Z-demo"},
                                                 {"path", (app.backups() / "20200102T000000Z-demo").string()},
                                                 {"problem", (app.backups() / "20200102T000000Z-demo").string() +
                                                                 " is not a whole backup set: SHA256SUMS is missing"}}}));
}

TEST_CASE("a cancelled backup leaves nothing and says that it was cancelled") {
  Instance app;
  app.cancel.request();
  CHECK(error_of([&] { app.back_up(); }).code() == Code::cancelled);
  CHECK((!fs::exists(app.backups()) || fs::is_empty(app.backups())));
}

TEST_CASE("backup.create warns of broken references and backs up all the same") {
  Instance app;
  app.execute("create table tags(note int references notes(id)); insert into tags values(1), (7), (8)");
  app.back_up();
  REQUIRE(app.logged.size() == 1);
  CHECK(app.logged[0] == std::pair(LogLevel::warning, "database " + (app.instance / "notes.db").string() +
                                                          ": table tags: 2 rows without their parent in notes"));
}

TEST_CASE("a database of an application that was killed is backed up as the application would find it") {
  for (std::string mode : {"delete", "wal"}) {
    INFO(mode);
    Instance app;
    CHECK(in_child([&] {
            Sqlite dying(app.instance / "notes.db", Sqlite::Mode::write);
            dying.script("pragma journal_mode=" + mode +
                         "; insert into notes values(3, 'committed'); pragma cache_size=1; begin;"
                         "insert into notes(text) select randomblob(5000) from notes a, notes b, notes c");
            ::kill(::getpid(), SIGKILL);
          }).killed);
    CHECK(app.back_up()["rows"] == Json{{"notes", 3}});
  }
}
