// Copies that were made by hand become sets, and the room that backups take is told beforehand.
#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// An instance with a database of three notes, in SQLite and in PostgreSQL, and copies of both that are made by hand.
class Instance : public PrimitiveFixture {
 public:
  Instance() {
    Sqlite(instance / "notes.db", Sqlite::Mode::create)
        .script("create table notes(id integer primary key, text text); insert into notes values(1, 'one'), (2, 'two'), (3, 'three')");
    instance_folder.write(".env", "PORT=1\n");
    environment.children = children_.get();
  }
  void fill_cluster() {
    cluster.make_database("shop");
    cluster.run(
        "shop",
        "set role shop; create table notes(id int primary key, text text); insert into notes values (1, 'one'), (2, E'\\\\two\\n')");
  }
  fs::path dump(const std::string& options) {
    const fs::path file = run_folder.path() / ("by-hand" + std::to_string(++dumps_));
    REQUIRE(shell("pg_dump " + options + " -d '" + cluster.url("shop") + "' -f " + file.string()) == 0);
    return file;
  }
  Json sources() const {
    return {
        {{"type", "sqlite"}, {"path", "notes.db"}},
        {{"type", "files"}, {"paths", {".env"}}},
        {{"type", "postgres"},
         {"name", "shop"},
         {"server", {{"url", "postgresql://shop@/shop?host=" + cluster.socket().string() + "&port=" + std::to_string(cluster.port())}}}}};
  }
  Json import(const fs::path& file, Json more = Json::object()) {
    more.update({{"file", file.string()}, {"sources", sources()}, {"app", "demo"}});
    return call("backup.import", more);
  }

  PostgresCluster& cluster = postgres_cluster();

 private:
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
  int dumps_ = 0;
};

}  // namespace

TEST_CASE("a hand-made copy of a SQLite database becomes a rehearsed set, and is restored") {
  Instance app;
  fs::copy_file(app.instance / "notes.db", app.run_folder.path() / "copy.db");
  Json set = app.import(app.run_folder.path() / "copy.db", {{"version", "0.9"}});
  CHECK(set["version"] == "0.9");
  CHECK(set["verified"] == true);
  CHECK(set["rows"] == Json{{"notes", 3}});
  CHECK(set["note"] == "imported from " + (app.run_folder.path() / "copy.db").string());
  CHECK(set["sources"].size() == 1);
  CHECK(app.probe().state == Probe::State::done);
  CHECK(app.call("backup.list")[0].contains("rehearsed_at"));

  Sqlite(app.instance / "notes.db", Sqlite::Mode::write).script("delete from notes");
  CHECK(app.call("backup.restore", {{"set", set}})["loss"]["text"] == "table notes: 3 removed");
  CHECK(Sqlite(app.instance / "notes.db", Sqlite::Mode::read).query("select count(*) as n from notes")[0]["n"] == 3);
}

TEST_CASE("a hand-made dump of PostgreSQL, archive or SQL, becomes a rehearsed set, and is restored") {
  for (const char* options : {"--format=custom", "--format=plain"}) {
    INFO(options);
    Instance app;
    app.fill_cluster();
    const fs::path file = app.dump(options);
    app.cluster.run("shop", "delete from notes; insert into notes values (9, 'later')");
    Json set = app.import(file);
    CHECK(set["rows"] == Json{{"notes", 2}});
    CHECK(app.cluster.text("shop", "select string_agg(id::text, ',') from notes") == "9");
    CHECK(app.call("backup.loss", {{"set", set}})["text"] == "table notes: 1 added, 2 removed");
    app.call("backup.restore", {{"set", set}});
    CHECK(app.cluster.text("shop", "select string_agg(text, ',' order by id) from notes") == "one,\\two\n");
    for (const std::string& name : app.cluster.databases()) CHECK(name.find("scratch") == std::string::npos);
    app.cluster.run("postgres",
                    "drop database " + app.cluster.text("postgres", "select datname from pg_database where datname like 'shop_replaced%'"));
  }
}

TEST_CASE("SQL that reaches beyond its database is refused before any of it runs") {
  Instance app;
  app.fill_cluster();
  const fs::path file = app.dump("--format=plain --create --clean");
  Error refused = error_of([&] { app.import(file, {{"source", "shop"}}); });
  CHECK(refused.code() == Code::unsupported);
  CHECK_THAT(refused.message(), StartsWith(file.string() + ":") && ContainsSubstring(": \"DROP DATABASE") &&
                                    ContainsSubstring("\" is of more than one database"));
  CHECK(app.cluster.text("shop", "select count(*) from notes") == "2");
  for (const std::string line : {"\\connect other", "\\! reboot", "create role x;", "ALTER DATABASE shop RENAME TO y;"}) {
    INFO(line);
    const fs::path bad = app.run_folder.write("bad.sql", "select 1;\n" + line + "\n");
    CHECK(error_of([&] { app.import(bad); }).message() == bad.string() + ":2: \"" + line + "\" is of more than one database");
  }
  CHECK(app.call("backup.list") == Json::array());
}

TEST_CASE("what cannot be imported is refused with the reason, and leaves nothing") {
  Instance app;
  app.fill_cluster();
  auto refusal = [&](const fs::path& file, Json more = Json::object()) { return error_of([&] { app.import(file, more); }).message(); };
  const fs::path text = app.run_folder.write("letter.txt", "hello\n");
  CHECK(refusal(text) == text.string() + " looks like none of the sources of this instance");
  CHECK(refusal(text, {{"source", "note"}}) == "there is no source \"note\"; did you mean \"notes\"?");
  CHECK(refusal(text, {{"source", "config"}}) == text.string() + " cannot become a backup of file " + (app.instance / ".env").string() +
                                                     ": nothing is imported into a source of type files");
  CHECK(refusal("/nowhere") == "/nowhere does not exist");
  fs::path cut = app.dump("--format=custom");
  fs::resize_file(cut, fs::file_size(cut) / 2);
  CHECK_THAT(refusal(cut), StartsWith("pg_restore of database playbook_scratch_"));
  CHECK(app.call("backup.list") == Json::array());
  for (const std::string& name : app.cluster.databases()) CHECK(name.find("scratch") == std::string::npos);
}

TEST_CASE("the room that backups take is told disk by disk") {
  Instance app;
  app.fill_cluster();
  Json estimate = app.call("backup.estimate", {{"sources", Json::array({app.sources()[0], app.sources()[1]})}, {"sets", 2}});
  CHECK(estimate["bytes"] == fs::file_size(app.instance / "notes.db") + 7);
  REQUIRE(estimate["disks"].size() == 1);
  std::vector<std::string> items;
  for (const Json& item : estimate["disks"][0]["items"]) items.push_back(item["what"].get<std::string>() + " " + item["bytes"].dump());
  const std::string database = std::to_string(fs::file_size(app.instance / "notes.db"));
  CHECK(items == std::vector<std::string>{"2 backups of notes " + std::to_string(2 * fs::file_size(app.instance / "notes.db")),
                                          "scratch for notes " + database, "restored copy of notes " + database,
                                          "growth of notes " + database, "2 backups of config 14"});
  CHECK(estimate["disks"][0]["needed"] == 5 * fs::file_size(app.instance / "notes.db") + 14);
  CHECK(estimate["disks"][0]["available"].get<std::uint64_t>() > 0);
  // This role may not read where the server keeps its data, so that disk is named as unseen rather than passed over.
  estimate = app.call("backup.estimate", {{"sources", Json::array({app.sources()[2]})}});
  CHECK(estimate["unseen"] == Json::array({"shop"}));
  estimate = app.call("backup.estimate", {{"sources", Json::array({app.sources()[1]})}, {"to", "/dev/shm/nowhere"}, {"images", 1000}});
  CHECK(estimate["disks"].size() == 2);
}
