#include "runtime/backup/restore.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "runtime/base/file.h"
#include "tests/support/backup_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* kMark = ".replaced-20261121T071349Z-demo-1.0";

struct stat look(const fs::path& path) {
  struct stat found {};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found;
}

/// An application that was killed with rows in its WAL.
void die_writing(const fs::path& database, const std::string& mode) {
  ChildEnd end = in_child([&] {
    Sqlite dying(database, Sqlite::Mode::write);
    dying.script("pragma journal_mode=" + mode +
                 "; pragma cache_size=1; begin; insert into notes(text) select randomblob(900) from notes;");
    if (mode == "wal") dying.script("commit; pragma wal_autocheckpoint=0; insert into notes(text) values('in the wal')");
    ::kill(::getpid(), SIGKILL);
  });
  REQUIRE(end.killed);
  REQUIRE(fs::file_size(database.string() + (mode == "wal" ? "-wal" : "-journal")) > 0);
}

}  // namespace

TEST_CASE("a restore brings back rows, files, owners and modes, and keeps what it replaced") {
  BackupFixture app;
  REQUIRE(::chown(app.database.c_str(), 1234, 1235) == 0);
  REQUIRE(::chown(app.config.c_str(), 1236, 1237) == 0);
  auto time = fs::last_write_time(app.config);
  BackupSet set = app.create();
  app.spoil();
  fs::permissions(app.config, fs::perms{0644});
  REQUIRE(::chown(app.database.c_str(), 0, 0) == 0);
  REQUIRE(app.state() == "new");

  Json result = app.restore(set);
  CHECK(app.state() == "old");
  CHECK(look(app.database).st_uid == 1234);
  CHECK(look(app.database).st_gid == 1235);
  CHECK((look(app.database).st_mode & 07777) == 0640);
  CHECK(look(app.config).st_uid == 1236);
  CHECK((look(app.config).st_mode & 07777) == 0600);
  CHECK(fs::last_write_time(app.config) == time);
  CHECK(result["kept"] == Json::array({app.database.string() + kMark, app.config.string() + kMark, app.later.string() + kMark}));
  CHECK(Sqlite(app.database.string() + kMark, Sqlite::Mode::read).scalar("select count(*) from notes") == 401);
  CHECK(read_file(app.config.string() + kMark) == "PASSWORD='other'\n");
  CHECK(read_file(app.later.string() + kMark) == "NEW=1\n");
  CHECK(result["sources"][0]["rows"] == Json{{"notes", 400}, {"tags", 2}});
}

TEST_CASE("a restore done twice gives the same and keeps the same") {
  BackupFixture app;
  BackupSet set = app.create();
  app.spoil();
  Json first = app.restore(set), second = app.restore(set);
  CHECK(app.state() == "old");
  CHECK(second["kept"][0] == first["kept"][0]);
  CHECK(Sqlite(app.database.string() + kMark, Sqlite::Mode::read).scalar("select count(*) from notes") == 401);

  app.spoil();  // and a later restore of the same set keeps what is there then, beside
  Json third = app.restore(set);
  CHECK(third["kept"][0] == app.database.string() + kMark + "-2");
  CHECK(app.state() == "old");
}

TEST_CASE("a restore of an untouched instance changes nothing") {
  BackupFixture app;
  BackupSet set = app.create();
  ino_t before = look(app.database).st_ino;
  CHECK(app.restore(set)["kept"].empty());
  CHECK(look(app.database).st_ino == before);
}

TEST_CASE("a restore that was killed at any instant ends in the old state when it is done again") {
  for (std::string last : {"", "wal", "delete"}) {
    NotingFaults noted;
    auto prepare = [&](BackupFixture& app) {
      BackupSet set = app.create();
      app.spoil();
      if (!last.empty()) die_writing(app.database, last);
      return set;
    };
    {
      BackupFixture app;
      app.restore(prepare(app), &noted);
    }
    REQUIRE(noted.reached.size() >= 8);
    for (size_t at = 0; at < noted.reached.size(); ++at) {
      INFO("killed at " << at << ", " << noted.reached[at] << ", after a death in mode " << last);
      BackupFixture app;
      BackupSet set = prepare(app);
      ChildEnd end = in_child([&] {
        KillingFaults kill(at);
        app.restore(set, &kill);
      });
      REQUIRE(end.killed);
      SqliteFingerprint between = app.present();
      bool is_new = between.tables.count("tags") == 0;
      CHECK(Sqlite(app.database, Sqlite::Mode::read).integrity_problems().empty());
      CHECK(between.tables.at("notes").rows == (!is_new ? 400u : last == "wal" ? 803u : 401u));

      Json result = app.restore(set);
      CHECK(app.state() == "old");
      CHECK_FALSE(fs::exists(app.database.string() + "-journal"));
      CHECK(result["kept"][0] == app.database.string() + kMark);
      Sqlite kept(app.database.string() + kMark, Sqlite::Mode::read);
      CHECK(kept.integrity_problems().empty());
      CHECK(kept.scalar("select count(*) from notes") == (last == "wal" ? 803 : 401));
      for (const fs::directory_entry& entry : fs::directory_iterator(app.database.parent_path()))
        CHECK_FALSE(entry.path().filename().string().starts_with("."));
    }
  }
}

TEST_CASE("a database that is too damaged to be opened is replaced, and kept with its WAL") {
  NotingFaults noted;
  auto prepare = [](BackupFixture& app) {
    BackupSet set = app.create();
    app.spoil();
    die_writing(app.database, "wal");
    std::fstream file(app.database, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(4096, 'x');
    file.close();
    fs::copy_file(app.database, app.folder.path() / "damaged");
    fs::copy_file(app.database.string() + "-wal", app.folder.path() / "damaged-wal");
    // No valid WAL header either, or SQLite would repair page one from it.
    std::fstream wal(app.database.string() + "-wal", std::ios::in | std::ios::out | std::ios::binary);
    wal << "no wal at all";
    return set;
  };
  {
    BackupFixture app;
    app.restore(prepare(app), &noted);
  }
  for (size_t at = 0; at <= noted.reached.size(); ++at) {
    INFO("killed at " << at);
    BackupFixture app;
    BackupSet set = prepare(app);
    if (at < noted.reached.size())
      REQUIRE(in_child([&] {
                KillingFaults kill(at);
                app.restore(set, &kill);
              }).killed);
    app.restore(set);
    CHECK(app.state() == "old");
    CHECK(file_digest(app.database.string() + kMark) == file_digest(app.folder.path() / "damaged"));
    CHECK_THAT(read_file(app.database.string() + kMark + "-wal"), StartsWith("no wal at all"));
  }
}

TEST_CASE("a database that is gone comes back, and the WAL that it left does not touch it") {
  BackupFixture app;
  BackupSet set = app.create();
  app.spoil();
  die_writing(app.database, "wal");
  fs::remove(app.database);
  Json result = app.restore(set);
  CHECK(app.state() == "old");
  CHECK(fs::exists(app.database.string() + "-wal" + kMark));
}

TEST_CASE("a database that anybody has open is not replaced") {
  struct Case {
    std::string name, sql;
  };
  std::vector<Case> cases = {{"in a transaction", "begin immediate"},
                             {"reading", "begin; select count(*) from notes"},
                             {"idle in WAL mode", "select count(*) from notes"},
                             {"idle without a WAL", "pragma journal_mode=delete"}};
  for (const Case& one : cases) {
    INFO(one.name);
    BackupFixture app;
    BackupSet set = app.create();
    app.spoil();
    {
      Elsewhere holder([&] {
        static Sqlite held(app.database, Sqlite::Mode::write);
        held.script(one.sql);
      });
      Error error = error_of([&] { app.restore(set); });
      CHECK(error.code() == Code::sqlite_locked);
      CHECK_THAT(error.message(), StartsWith("database " + app.database.string() + " is in use by "));
      CHECK_THAT(error.message(), ContainsSubstring("(pid " + std::to_string(holder.pid()) + "), it cannot be replaced now"));
      CHECK(error.hint() == "stop the application and whatever else has it open, then try again");
    }
    CHECK(app.state() == "new");
    {
      Sqlite in_this_process(app.database, Sqlite::Mode::read);
      in_this_process.scalar("select count(*) from notes");
      CHECK(error_of([&] { app.restore(set); }).code() == Code::sqlite_locked);
    }
    app.restore(set);
    CHECK(app.state() == "old");
  }
}

TEST_CASE("a damaged set is refused before anything is touched") {
  BackupFixture app;
  BackupSet set = app.create();
  app.spoil();
  overwrite(set.path() / "config/app.env", "PASSWORD='forged'\n");
  Error error = error_of([&] { app.restore(set); });
  CHECK(error.code() == Code::backup_corrupt);
  CHECK(error.message() == "backup set " + set.path().string() + " is damaged: config/app.env is cut short: 18 of 28 bytes");
  CHECK(error.hint() == "nothing was changed; take the set from another copy, or use another set");
  CHECK(app.state() == "new");

  Work work = app.work();
  restore_set(set, set.digest(), {"notes"}, app.sources, work);  // what is whole can still be brought back by name
  CHECK(app.state() == "old new new");
  CHECK(error_of([&] { restore_set(set, set.digest(), {"note"}, app.sources, work); }).message() ==
        "backup set 20261121T071349Z-demo-1.0 has no source \"note\"; did you mean \"notes\"?");
}

TEST_CASE("a rehearsal compares what a restore would give and is noted in the set") {
  BackupFixture app;
  BackupSet set = app.create();
  Work work = app.work();
  Json result = rehearse_set(set, set.digest(), app.sources, work, {{"by", "tester"}});
  CHECK(result["sources"][0] == Json{{"name", "notes"}, {"type", "sqlite"}, {"rows", {{"notes", 400}, {"tags", 2}}}});
  CHECK(app.verify(set).empty());
  std::string lines = read_file(set.path() / "attestations.jsonl");
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2);
  CHECK_THAT(lines, ContainsSubstring("\"kind\":\"rehearsal\""));
  CHECK_FALSE(fs::exists(app.folder.path() / "scratch"));
}

TEST_CASE("what a restore would take away is counted") {
  BackupFixture app;
  BackupSet set = app.create();
  Work work = app.work();
  CHECK(loss_of(set, {}, app.sources, work)["equal"] == true);
  CHECK(loss_of(set, {}, app.sources, work)["text"] == "nothing: all is as it was at 2026-11-21T07:13:49.000Z");
  CHECK(differences(set, {}, app.sources, work).empty());
  app.spoil();
  Json loss = loss_of(set, {}, app.sources, work);
  CHECK(loss["equal"] == false);
  CHECK(loss["text"] == "table notes: 2 added, 1 removed, 1 changed; table tags: 2 removed; file " + app.config.string() +
                            " was changed; file " + app.later.string() + " is new");
  fs::remove(app.database), fs::remove(app.config);
  CHECK(loss_of(set, {}, app.sources, work)["text"] == "table notes: 400 removed; table tags: 2 removed; file " + app.config.string() +
                                                           " is gone; file " + app.later.string() + " is new");
  overwrite(app.database, "no database");
  CHECK(loss_of(set, {"notes"}, app.sources, work)["text"] ==
        "database " + app.database.string() + " cannot be read, so what it would lose is not known");
}

TEST_CASE("a symlink to a database or file stays a link, what it leads to is replaced") {
  BackupFixture app;
  fs::path real = app.folder.path() / "elsewhere";
  fs::create_directory(real);
  for (const fs::path& file : {app.database, app.config}) {
    fs::rename(file, real / file.filename());
    fs::create_symlink(real / file.filename(), file);
  }
  BackupSet set = app.create();
  app.spoil();
  app.restore(set);
  CHECK(app.state() == "old");
  CHECK(fs::is_symlink(app.database));
  CHECK(fs::is_symlink(app.config));
  CHECK(fs::exists(real / (std::string("notes.db") + kMark)));
}
