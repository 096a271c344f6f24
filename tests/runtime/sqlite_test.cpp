#include "runtime/database/sqlite.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "runtime/base/hash.h"
#include "runtime/database/holders.h"
#include "runtime/database/sqlite_fingerprint.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

using Mode = Sqlite::Mode;
constexpr Sqlite::Options kImpatient{std::chrono::milliseconds(0), nullptr};

fs::path make_notes(const fs::path& path, const std::string& more = "") {
  Sqlite database(path, Mode::create);
  database.script(
      "pragma journal_mode=wal; create table notes(id integer primary key, text text, owner text);"
      "insert into notes values(1, 'one', 'ada'), (2, 'two', 'bob'), (3, 'three', 'ada');" +
      more);
  return path;
}

// A process of its own that holds a write transaction until it is told to go.
class Writer {
 public:
  explicit Writer(const fs::path& path) {
    if (::pipe(ready_) != 0 || ::pipe(go_) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ != 0) {
      char byte;
      if (::read(ready_[0], &byte, 1) != 1) throw std::runtime_error("the writer died");
      return;
    }
    ::close(go_[1]);
    {
      Sqlite database(path, Mode::write);
      database.script("begin exclusive; insert into notes(text) values('of the writer')");
      char byte = '.';
      if (::write(ready_[1], &byte, 1) != 1) ::_exit(1);
      while (::read(go_[0], &byte, 1) > 0) {
      }
    }
    ::_exit(0);
  }
  ~Writer() {
    ::close(go_[1]);
    ::waitpid(pid_, nullptr, 0);
    for (int fd : {ready_[0], ready_[1], go_[0]}) ::close(fd);
  }
  pid_t pid() const { return pid_; }

 private:
  int ready_[2], go_[2];
  pid_t pid_;
};

}  // namespace

TEST_CASE("rows come as maps, and values that JSON cannot hold as text") {
  TempFolder folder;
  Sqlite database(folder.path() / "a.db", Mode::create);
  database.script("create table t(v)");
  struct Case {
    std::string sql;
    Json value;
  };
  std::vector<Case> cases = {
      {"null", nullptr},
      {"42", 42},
      {"-9007199254740992", -9007199254740992},
      {"9007199254740993", "9007199254740993"},
      {"-9223372036854775807 - 1", "-9223372036854775808"},
      {"1.5", 1.5},
      {"9e999", "Infinity"},
      {"-9e999", "-Infinity"},
      {"'text with ''quote'''", "text with 'quote'"},
      {"cast(x'61ff62' as text)",
       "a\xEF\xBF\xBD"
       "b"},
      {"x'00ff'", {{"blob", sha256(std::string_view("\0\xff", 2))}, {"size", 2}}},
      {"x''", {{"blob", sha256("")}, {"size", 0}}},
  };
  for (const Case& expected : cases) {
    INFO(expected.sql);
    CHECK(database.query("select " + expected.sql + " as v") == Json::array({{{"v", expected.value}}}));
  }
}

TEST_CASE("arguments are bound and never become SQL") {
  TempFolder folder;
  Sqlite database(make_notes(folder.path() / "a.db"), Mode::write);
  CHECK(database.query("select id from notes where owner = ? and id > ?", {"ada", 1}) == Json::array({{{"id", 3}}}));
  CHECK(database.query("select ? as a, ? as b, ? as c", {nullptr, true, 2.5}) == Json::array({{{"a", nullptr}, {"b", 1}, {"c", 2.5}}}));
  CHECK(database.execute("update notes set text = ? where id = 1", Json::array({"'; drop table notes; --"})) == 1);
  CHECK(database.scalar("select text from notes where id = 1") == "'; drop table notes; --");
  CHECK(error_of([&] { database.query("select ?", Json::array()); }).message() == "the SQL has 1 parameters, 0 arguments were given");
  CHECK(error_of([&] { database.query("select ?", Json::array({Json::object()})); }).message() ==
        "argument 1 of the SQL must be a string, number, bool or null, it is a object");
  CHECK(error_of([&] { database.query("select 1; drop table notes"); }).message() ==
        "one SQL statement expected, found another after it: \"drop table notes\"");
  CHECK(error_of([&] { database.query("  "); }).message() == "there is no SQL statement in \"\"");
  CHECK(error_of([&] { database.query("select id from notes", Json::array(), 2); }).message() ==
        "\"select id from notes\" gives more than 2 rows");
}

TEST_CASE("errors of a database name it and what to do") {
  TempFolder folder;
  std::string at = folder.path().string() + "/";
  Error missing = error_of([&] { Sqlite(at + "none.db", Mode::read); });
  CHECK(missing.code() == Code::file_missing);
  CHECK(missing.message() == "database " + at + "none.db does not exist");
  CHECK_FALSE(fs::exists(at + "none.db"));

  folder.write("text.db", std::string(4096, 'x'));
  Error no_database = error_of([&] { Sqlite(at + "text.db", Mode::read).query("select * from t"); });
  CHECK(no_database.code() == Code::sqlite_failed);
  CHECK(no_database.message() == "cannot run \"select * from t\" in database " + at + "text.db: it is not a SQLite database");

  make_notes(at + "a.db");
  Error wrong = error_of([&] { Sqlite(at + "a.db", Mode::read).query("select colour from notes"); });
  CHECK(wrong.message() == "cannot run \"select colour from notes\" in database " + at + "a.db: no such column: colour");
  Error written = error_of([&] { Sqlite(at + "a.db", Mode::read).execute("delete from notes"); });
  CHECK(written.code() == Code::file_denied);
  CHECK(written.message() == "cannot change database " + at + "a.db: attempt to write a readonly database");
}

TEST_CASE("a locked database says who holds it") {
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db", "pragma journal_mode=delete;");
  Writer writer(path);
  Error locked = error_of([&] { Sqlite(path, Mode::read, kImpatient); });
  CHECK(locked.code() == Code::sqlite_locked);
  std::string self = describe(holders_of(path));
  CHECK_THAT(self, ContainsSubstring("(pid " + std::to_string(writer.pid()) + ")"));
  CHECK(locked.message() == "cannot read database " + path.string() + ": it is locked; open in " + self);
  CHECK(locked.hint() == "stop it, or wait until its transaction ends, then try again");
}

TEST_CASE("a copy of a WAL database taken while another writes is one whole state") {
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db"), copy = folder.path() / "copy.db";
  Sqlite other(path, Mode::write);  // keeps the WAL alive, so that the rows below are in it alone
  std::string filler(2000, 'f');
  other.script("begin");
  for (int i = 0; i < 3000; ++i) other.execute("insert into notes(text) values(?)", Json::array({filler}));
  other.script("commit");
  REQUIRE(fs::file_size(path.string() + "-wal") > 0);

  Sqlite database(path, Mode::read);
  int calls = 0;
  std::uint64_t last = 0;
  database.copy_to(copy, [&](std::uint64_t done, std::uint64_t total) {
    ++calls;
    CHECK(done > last);
    CHECK(done <= total);
    last = done;
    other.execute("insert into notes(text) values('meanwhile')");
  });
  CHECK(calls > 2);
  Sqlite copied(copy, Mode::snapshot);
  CHECK(copied.scalar("select count(*) from notes") == 3003);
  CHECK(copied.scalar("select count(*) from notes where text = 'meanwhile'") == 0);
  CHECK(copied.integrity_problems().empty());
  CHECK_FALSE(fs::exists(copy.string() + "-wal"));
}

TEST_CASE("a copy stops when it is cancelled") {
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db");
  CancelToken cancel;
  Sqlite database(path, Mode::read, {std::chrono::milliseconds(0), &cancel});
  CHECK(error_of([&] { database.copy_to(folder.path() / "copy.db", [&](std::uint64_t, std::uint64_t) { cancel.request(); }); }).code() ==
        Code::cancelled);
  CHECK(error_of([&] {
          database.query("with recursive n(i) as (select 1 union all select i + 1 from n) select max(i) from n");
        }).message() == "stopped while working in database " + path.string());
}

TEST_CASE("reading as root leaves nothing behind that the owner cannot write") {
  REQUIRE(::geteuid() == 0);  // the test machine runs as root; without it there is nothing to see
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db");
  REQUIRE(::chown(path.c_str(), 1234, 1234) == 0);
  Sqlite database(path, Mode::read);
  database.query("select * from notes");
  for (const char* suffix : {"-wal", "-shm"}) {
    struct stat found {};
    REQUIRE(::stat((path.string() + suffix).c_str(), &found) == 0);
    CHECK(found.st_uid == 1234);
  }
}

TEST_CASE("what a writer left half done when it was killed is taken back by a reader") {
  TempFolder folder;
  for (std::string mode : {"delete", "wal"}) {
    INFO(mode);
    fs::path path = make_notes(folder.path() / (mode + ".db"));
    ChildEnd end = in_child([&] {
      Sqlite dying(path, Mode::write);
      dying.script("pragma journal_mode=" + mode +
                   "; pragma cache_size=1; begin; insert into notes(text) select randomblob(4000) from notes, notes b");
      ::kill(::getpid(), SIGKILL);
    });
    REQUIRE(end.killed);
    CHECK(Sqlite(path, Mode::read).scalar("select count(*) from notes") == 3);
    CHECK(error_of([&] { Sqlite(path, Mode::read).execute("delete from notes"); }).code() == Code::file_denied);
  }
}

TEST_CASE("damage and broken references are found") {
  TempFolder folder;
  fs::path path = folder.path() / "a.db";
  {
    Sqlite database(path, Mode::create);
    database.script(
        "create table parent(id integer primary key); create table child(p references parent(id)); insert into child values(1), (2), "
        "(null)");
    CHECK(database.integrity_problems().empty());
    CHECK(database.foreign_key_problems() == std::vector<std::string>{"child: 2 rows without their parent in parent"});
    database.script("create index by_p on child(p)");
  }
  std::string index;
  {
    Sqlite database(path, Mode::write);
    index = database.scalar("select rootpage from sqlite_schema where name = 'by_p'").dump();
    database.script("pragma writable_schema=on; delete from sqlite_schema where name = 'by_p'");
  }
  Sqlite(path, Mode::write).script("insert into child values(3)");  // which the index, unknown for the moment, does not get
  Sqlite(path, Mode::write)
      .script("pragma writable_schema=on; insert into sqlite_schema values('index', 'by_p', 'child', " + index +
              ", 'create index by_p on child(p)')");
  std::vector<std::string> problems = Sqlite(path, Mode::read).integrity_problems();
  std::sort(problems.begin(), problems.end());  // releases of SQLite differ in their order
  CHECK(problems == std::vector<std::string>{"row 4 missing from index by_p", "wrong # of entries in index by_p"});
  Sqlite(path, Mode::write).script("pragma writable_schema=on; update sqlite_schema set rootpage = 77 where name = 'by_p'");
  CHECK(Sqlite(path, Mode::read).integrity_problems().size() == 1);
}

TEST_CASE("fingerprints see every value and its type") {
  TempFolder folder;
  struct Case {
    std::string name, before, after;
  };
  std::vector<Case> cases = {
      {"a number of another type", "insert into t values(1, 1)", "insert into t values(1, 1.0)"},
      {"text or number", "insert into t values(1, '1')", "insert into t values(1, 1)"},
      {"text or blob", "insert into t values(1, 'a')", "insert into t values(1, x'61')"},
      {"null or empty", "insert into t values(1, null)", "insert into t values(1, '')"},
      {"one row less", "insert into t values(1, 1), (2, 2)", "insert into t values(1, 1)"},
      {"values moved to the next row", "insert into t values(1, 'ab'), (2, 'c')", "insert into t values(1, 'a'), (2, 'bc')"},
      {"bytes after a zero", "insert into t values(1, x'0001')", "insert into t values(1, x'0002')"},
      {"large integers", "insert into t values(1, 9007199254740993)", "insert into t values(1, 9007199254740992)"},
  };
  int n = 0;
  for (const Case& one : cases) {
    INFO(one.name);
    auto of = [&](const std::string& sql) {
      Sqlite database(folder.path() / (std::to_string(n++) + ".db"), Mode::create);
      database.script("create table t(id integer primary key, v);" + sql);
      return fingerprint(database);
    };
    CHECK(of(one.before) == of(one.before));
    CHECK(of(one.before) != of(one.after));
  }
}

TEST_CASE("fingerprints do not depend on how a database came to its rows") {
  TempFolder folder;
  Sqlite first(folder.path() / "1.db", Mode::create), second(folder.path() / "2.db", Mode::create);
  first.script(
      "create table t(id integer primary key, v); create table w(k text primary key, v) without rowid;"
      "insert into t values(1, 'a'), (2, 'b'); insert into w values('x', 1), ('y', 2); analyze");
  second.script(
      "pragma page_size=1024; create table w(k text primary key,\n   v) without rowid; create table t(id integer primary key, v);"
      "insert into w values('y', 2), ('x', 1); insert into t values(3, 'c'), (2, 'b'), (1, 'a'); delete from t where id = 3; vacuum");
  CHECK(fingerprint(first).tables == fingerprint(second).tables);
  CHECK(fingerprint(first).tables.at("w").rows == 2);
  CHECK_FALSE(fingerprint(first).tables.contains("sqlite_stat1"));
  CHECK(SqliteFingerprint::from_json(fingerprint(first).to_json()) == fingerprint(first));
}

TEST_CASE("the schema's digest sees words and not white space") {
  TempFolder folder;
  int n = 0;
  auto of = [&](const std::string& sql) {
    Sqlite database(folder.path() / (std::to_string(n++) + ".db"), Mode::create);
    database.script(sql);
    return fingerprint(database).schema;
  };
  CHECK(of("create table t(a, b)") == of("create table t(a,\n\t b)"));
  CHECK(of("create table t(a default 'x y')") != of("create table t(a default 'x  y')"));
  CHECK(of("create table t(a, b)") != of("create table t(a, b); create index i on t(a)"));
}

TEST_CASE("odd tables have fingerprints too") {
  TempFolder folder;
  Sqlite database(folder.path() / "a.db", Mode::create);
  database.script(
      "create table \"odd \"\" name\"(rowid text, \"select\" int); insert into \"odd \"\" name\" values('x', 1);"
      "create table g(a, b as (a * 2), c as (a * 3) stored); insert into g(a) values(2);"
      "create virtual table f using fts5(body); insert into f values('words in it');"
      "create table auto(id integer primary key autoincrement); insert into auto default values; create view v as select * from g");
  SqliteFingerprint found = fingerprint(database);
  CHECK(found.tables.at("odd \" name").rows == 1);
  CHECK(found.tables.at("sqlite_sequence").rows == 1);
  CHECK(found.tables.contains("f_content"));
  CHECK_FALSE(found.tables.contains("f"));
  CHECK_FALSE(found.tables.contains("v"));
  SqliteFingerprint before = found;
  database.script("insert into f values('more')");
  CHECK(fingerprint(database).tables.at("f_content") != before.tables.at("f_content"));
}

TEST_CASE("differences are said table by table") {
  TempFolder folder;
  Sqlite database(make_notes(folder.path() / "a.db", "create table tags(name); create table gone(x); insert into gone values(1);"),
                  Mode::write);
  SqliteFingerprint before = fingerprint(database);
  CHECK(differences(before, before).empty());
  database.script(
      "insert into notes(text) values('4'), ('5'); insert into tags values('x'); drop table gone; create table fresh(x); pragma "
      "user_version=7");
  CHECK(differences(before, fingerprint(database)) == std::vector<std::string>{"user_version 7 instead of 0", "another schema",
                                                                               "table gone: gone, it had 1 row", "table notes: 2 rows more",
                                                                               "table tags: 1 row more", "table fresh: new, with 0 rows"});
  before = fingerprint(database);
  database.script("update notes set text = 'other' where id = 1; delete from tags");
  CHECK(differences(before, fingerprint(database)) ==
        std::vector<std::string>{"table notes: as many rows with other values", "table tags: 1 row fewer"});
}

TEST_CASE("rows that a copy does not have are counted") {
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db",
                             "create table w(k text primary key collate nocase, v) without rowid; insert into w values('a', 1), ('b', 2);"
                             "create table t(v); insert into t values('same')");
  fs::path copy = folder.path() / "copy.db";
  Sqlite database(path, Mode::write);
  database.copy_to(copy);
  CHECK(compare_rows(database, copy, {"notes", "w", "t"}).empty());
  database.script(
      "insert into notes(text) values('4'), ('5'); delete from notes where id = 2; update notes set text = 'Three' where id = 3;"
      "update w set v = 2.0 where k = 'b'; insert into w values('c', 3); create table fresh(x); insert into fresh values(1)");
  auto losses = compare_rows(database, copy, {"notes", "w", "t", "fresh"});
  CHECK(losses.size() == 3);
  CHECK(losses.at("notes") == TableLoss{2, 1, 1});
  CHECK(losses.at("w") == TableLoss{1, 0, 1});
  CHECK(losses.at("fresh") == TableLoss{1, 0, 0});
}

TEST_CASE("holders of a file are found by any of its names") {
  TempFolder folder;
  fs::path path = make_notes(folder.path() / "a.db");
  fs::create_hard_link(path, folder.path() / "other name.db");
  CHECK(holders_of(path).empty());
  {
    Writer writer(folder.path() / "other name.db");
    std::vector<Holder> holders = holders_of(path);
    REQUIRE(holders.size() == 1);
    CHECK(holders[0].pid == writer.pid());
  }
  CHECK(describe({{1, "init"}, {2, "app"}, {3, "sh"}}) == "init (pid 1), app (pid 2) and sh (pid 3)");
}
