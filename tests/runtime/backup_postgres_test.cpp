// Backups of a real PostgreSQL server, in both ways.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <regex>
#include <thread>

#include "runtime/backup/restore.h"
#include "runtime/backup/verify.h"
#include "runtime/base/file.h"
#include "runtime/database/postgres_fingerprint.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAction = "20261121T071349Z-4f2a/7";
constexpr const char* kKept = "shop_replaced_20261121t071349z";

/// The database `shop` with 300 notes, and all that a dump leaves out.
class Shop {
 public:
  explicit Shop(bool direct, std::string role = "shop") : direct_(direct), role_(std::move(role)) {
    for (const std::string& name : cluster.databases()) cluster.run("postgres", "drop database " + sql_name(name) + " with (force)");
    cluster.make_database("shop");
    for (const char* sql :
         {"alter database shop set search_path = shop, \"Odd, name\", public", "alter database shop set timezone = 'Asia/Tokyo'",
          "alter database shop set app.mood = 'it''s good'", "alter role guest in database shop set work_mem = '8MB'",
          "comment on database shop is 'the shop''s'", "revoke all on database shop from public", "grant connect on database shop to guest",
          "alter database shop connection limit 40"})
      cluster.run("postgres", sql);
    sql("create table public.notes (id serial primary key, text text); insert into public.notes(text) select 'note ' || i from "
        "generate_series(1, "
        "300) i; create table public.tags (note int, name text); insert into public.tags values (1, 'red'), (1, 'red'), (2, null); create "
        "schema "
        "other; create table other.log (at timestamptz default now()); insert into other.log default values; create extension hstore");
    old = print();
  }

  PostgresCluster& cluster = postgres_cluster();
  TempFolder folder;
  fs::path backups = folder.path() / "backups";
  SourceRegistry sources;
  PostgresFingerprint old;
  int made = 0;

  void sql(const std::string& text) { cluster.run("shop", "set role shop; " + text); }
  void spoil() {
    sql("insert into public.notes(text) values ('after 1'), ('after 2'); update public.notes set text = 'spoiled' where id = 7;"
        "delete from public.notes where id = 9; drop table other.log; insert into public.tags values (9, 'new');"
        "alter table public.notes add column colour text; create table public.more (); insert into public.more default values");
    cluster.run("postgres", "alter database shop reset all");
    cluster.run("postgres", "grant all on database shop to public");
  }
  PostgresFingerprint print(const std::string& database = "shop") {
    auto own = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
    return fingerprint(*make_direct_postgres(cluster.url(database), *own)->connect({}));
  }
  std::string state() {
    if (differences(old, print()).empty()) return "old";
    return cluster.text("shop", "select to_regclass('public.more') is not null") == "t" ? "new" : "mixed";
  }
  /// What a dump leaves out, for comparison.
  std::string dress() {
    return cluster.text("postgres",
                        R"(select concat_ws('|', pg_get_userbyid(datdba), datacl, datconnlimit, shobj_description(oid, 'pg_database'),
      (select string_agg(coalesce(setrole::regrole::text, '') || setconfig::text, ';' order by setrole) from pg_db_role_setting where setdatabase = d.oid))
      from pg_database d where datname = 'shop')");
  }

  Json spec() const {
    if (direct_)
      return {{"type", "postgres"},
              {"name", "shop"},
              {"server", {{"url", "postgresql://shop@127.0.0.1:" + std::to_string(cluster.port()) + "/shop"}}}};
    return {{"type", "postgres"}, {"name", "shop"}, {"server", {{"project", {{"folder", "."}}}, {"service", "db"}, {"database", "shop"}}}};
  }
  Work work(Faults* faults = nullptr, const std::string& url = "", const std::string& action = kAction) {
    if (!children) children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
    Work lent(folder.path() / "scratch", nullptr, faults);
    lent.set_surroundings({action, children.get(), [this, url](const Json&) {
                             if (direct_) return make_direct_postgres(url.empty() ? cluster.url("shop", role_) : url, *children);
                             return make_postgres_service(std::make_unique<ClusterPlace>(cluster, *children, role_), "", "shop");
                           }});
    return lent;
  }
  BackupSet create(Faults* faults = nullptr, const std::string& url = "") {
    Manifest manifest;
    manifest.created = "2026-11-21T07:13:49.000Z";
    manifest.application = "shop", manifest.version = "1.0";
    Work lent = work(faults, url);
    Utc now = parse_iso("2026-11-21T07:13:49Z") + std::chrono::seconds(made);
    return create_set({backups, free_set_name(backups, now, "shop", "1.0"), manifest, sources.check(Json::array({spec()}), folder.path())},
                      sources, lent);
  }
  Json restore(const BackupSet& set, Faults* faults = nullptr, const std::string& action = kAction) {
    Work lent = work(faults, "", action);
    return restore_set(set, set.digest(), {}, sources, lent);
  }

 private:
  bool direct_;
  std::string role_;

 public:
  std::unique_ptr<Children> children;  // made in the process that uses them
};

std::vector<bool> ways() { return {true, false}; }

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a PostgreSQL backup holds one moment, while others write") {
  for (bool direct : ways()) {
    Shop shop(direct);
    ActingFaults meanwhile("backup.snapshot", [&] { shop.sql("delete from public.notes where id < 100; create table public.late ()"); });
    BackupSet set = shop.create(&meanwhile);
    CHECK(set.manifest().sources[0].state.at("fingerprint") == shop.old.to_json());
    Work work = shop.work();
    CHECK(verify_set(set.path(), set.digest(), shop.sources, work).empty());
    Json rehearsed = rehearse_set(set, set.digest(), shop.sources, work, Json::object());
    CHECK(rehearsed["sources"][0]["rows"] == Json{{"notes", 300}, {"tags", 3}, {"other.log", 1}});
    CHECK(shop.cluster.databases() == Names{"shop"});
    CHECK_THAT(read_file(set.path() / "manifest.json"), !ContainsSubstring("pass word"));
    CHECK(differences(set, {}, shop.sources, work) == Names{"table notes: 99 rows fewer", "table late is new", "the schema differs"});
  }
}

TEST_CASE("a restored database is the old one, with all that a dump leaves out, and the replaced one is kept") {
  for (bool direct : ways()) {
    Shop shop(direct, "postgres");
    std::string dress = shop.dress();
    BackupSet set = shop.create();
    shop.spoil();
    REQUIRE(shop.state() == "new");
    Json result = shop.restore(set);
    CHECK(shop.state() == "old");
    CHECK(shop.dress() == dress);
    CHECK(shop.cluster.text(
              "shop", "select extract(epoch from now() - last_analyze) < 60 from pg_stat_user_tables where relname = 'notes'") == "t");
    CHECK(result["kept"] == Json::array({"database " + std::string(kKept)}));
    CHECK(shop.cluster.databases() == Names{"shop", kKept});
    CHECK(shop.cluster.text(kKept, "select count(*) from public.notes") == "301");

    CHECK(shop.restore(set) == result);  // again: nothing to do
    CHECK(shop.cluster.databases() == Names{"shop", kKept});
    shop.spoil();
    CHECK(shop.restore(set, nullptr, "20261121T071349Z-4f2a/8")["kept"] == Json::array({"database " + std::string(kKept) + "_2"}));
    CHECK(shop.state() == "old");
  }
}

TEST_CASE("a setting that the role may not bring back is named, and all else is restored") {
  Shop shop(true);
  BackupSet set = shop.create();
  shop.spoil();
  std::string database = "database shop on 127.0.0.1:" + std::to_string(shop.cluster.port());
  CHECK(
      shop.restore(set)["sources"][0]["warnings"] ==
      Json::array(
          {database + ": this role may not bring back: alter database \"shop_playbook_restoring\" set \"app\".\"mood\" to 'it''s good'",
           database +
               ": this role may not bring back: alter role \"guest\" in database \"shop_playbook_restoring\" set \"work_mem\" to '8MB'"}));
  CHECK(shop.state() == "old");
  CHECK(shop.cluster.text("shop", "select current_setting('search_path')") == "shop, \"Odd, name\", public");
}

TEST_CASE("a database that is gone is restored too") {
  Shop shop(true);
  BackupSet set = shop.create();
  shop.cluster.run("postgres", "drop database shop");
  Work work = shop.work();
  CHECK(loss_of(set, {}, shop.sources, work)["text"] == "table notes: 300 removed; table other.log: 1 removed; table tags: 3 removed");
  CHECK(shop.restore(set)["kept"].empty());
  CHECK(shop.state() == "old");
}

TEST_CASE("what a restore would lose is counted row by row") {
  for (bool direct : ways()) {
    Shop shop(direct);
    BackupSet set = shop.create();
    Work work = shop.work();
    CHECK(loss_of(set, {}, shop.sources, work)["text"] == "nothing: all is as it was at 2026-11-21T07:13:49.000Z");
    shop.spoil();
    CHECK(loss_of(set, {}, shop.sources, work)["text"] ==
          "table more: 1 added; table other.log: 1 removed; table notes: 2 added, 1 removed, 1 changed; table tags: 1 added");
    CHECK(shop.cluster.databases() == Names{"shop"});
  }
}

TEST_CASE("a backup, a rehearsal and a restore of PostgreSQL survive kill -9 at every instant") {
  const std::pair<const char*, bool> matrix[] = {{"create", true}, {"rehearse", true}, {"restore", false}};
  for (const auto& [name, direct] : matrix) {
    const std::string what = name;
    {
      for (size_t at = 0;; ++at) {
        INFO((direct ? "direct " : "psql ") << what << " killed at instant " << at);
        Shop shop(direct);
        std::optional<BackupSet> set;
        if (what != "create") set = shop.create();
        if (what == "restore") shop.spoil();
        shop.children.reset();
        auto act = [&](Faults* faults) {
          Work work = shop.work(faults);
          if (what == "create") set = shop.create(faults);
          if (what == "rehearse") rehearse_set(*set, set->digest(), shop.sources, work, Json::object());
          if (what == "restore") shop.restore(*set, faults);
        };
        KillingFaults kill_there(at);
        ChildEnd end = in_child([&] { act(&kill_there); });
        if (!end.killed) {
          REQUIRE(end.status == 0);
          CHECK(at >= 2);
          break;
        }
        if (what == "restore") CHECK((shop.state() == "new" || shop.state() == "old"));
        if (what == "create" && !list_sets(shop.backups).empty() && list_sets(shop.backups).back().set)
          ++shop.made;  // killed after its name was given
        act(nullptr);
        CHECK(shop.state() == "old");
        CHECK(shop.cluster.databases() == (what == "restore" ? Names{"shop", kKept} : Names{"shop"}));
        Work work = shop.work();
        CHECK(verify_set(set->path(), set->digest(), shop.sources, work).empty());
      }
    }
  }
}

TEST_CASE("what a killed try left at work on the server is ended by the next one") {
  Shop shop(true);
  pid_t left = fork();
  if (left == 0) {
    setenv("PGAPPNAME", kAction, 1);
    std::string url = shop.cluster.url("shop", "shop");
    int quiet = open("/dev/null", O_RDWR);
    dup2(quiet, 1), dup2(quiet, 2);
    execlp("psql", "psql", "-Xqc", "select pg_sleep(1000)", url.c_str(), nullptr);
    _exit(127);
  }
  while (shop.cluster.text("postgres", "select count(*) from pg_stat_activity where query = 'select pg_sleep(1000)'") == "0") continue;
  shop.create();
  int status = 0;
  waitpid(left, &status, 0);
  CHECK(WEXITSTATUS(status) != 0);
}

TEST_CASE("when the client is killed while pg_dump runs, its sessions end with it") {
  for (bool direct : ways()) {
    Shop shop(direct);
    shop.sql("create table public.parts (k int) partition by list (k)");
    shop.children.reset();
    pid_t client = fork();
    if (client == 0) {
      ActingFaults locked("backup.snapshot", [&] {  // pg_dump waits for this table, in which there is nothing to be read
        std::thread([&] {
          error_of([&] { shop.cluster.run("shop", "begin; lock table only public.parts; select pg_sleep(1000)"); });
        }).detach();
        while (shop.cluster.text("postgres", "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted") == "0")
          continue;
      });
      try {
        shop.create(&locked);
      } catch (...) {
      }
      _exit(0);
    }
    const std::string waiting =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = '" + std::string(kAction) + "'";
    while (shop.cluster.text("postgres", waiting) == "0") continue;
    kill(client, SIGKILL);
    waitpid(client, nullptr, 0);
    shop.cluster.run(
        "postgres",
        "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(1000)%' and pid <> pg_backend_pid()");
    while (shop.cluster.text("postgres", "select count(*) from pg_stat_activity where application_name = '" + std::string(kAction) + "'") !=
           "0")
      continue;
    shop.create();
    CHECK(list_sets(shop.backups).size() == 1);
  }
}

TEST_CASE("a server that stops in the middle of a dump leaves no set") {
  for (bool direct : ways()) {
    Shop shop(direct);
    ActingFaults stop("backup.snapshot", [&] { shop.cluster.stop(SIGQUIT); });
    Error error = error_of([&] { shop.create(&stop); });
    CHECK((error.code() == Code::backup_failed || error.code() == Code::postgres_failed));
    CHECK(list_sets(shop.backups).empty());
    shop.cluster.start();
    CHECK(shop.state() == "old");
  }
}

TEST_CASE("a dump whose snapshot has ended is no backup") {
  Shop shop(true);
  ActingFaults end("backup.snapshot", [&] {
    shop.cluster.run("postgres",
                     "select pg_terminate_backend(pid) from pg_stat_activity where application_name = '" + std::string(kAction) + "'");
  });
  Error error = error_of([&] { shop.create(&end); });
  CHECK(error.code() == Code::backup_failed);
  CHECK_THAT(error.message(), StartsWith("pg_dump of database shop on 127.0.0.1:" + std::to_string(shop.cluster.port()) + " failed: "));
  CHECK(list_sets(shop.backups).empty());
}

TEST_CASE("a backup with the wrong password says so, and the password nowhere") {
  Shop shop(true);
  Error error =
      error_of([&] { shop.create(nullptr, "postgresql://shop:wrong-word@127.0.0.1:" + std::to_string(shop.cluster.port()) + "/shop"); });
  CHECK_THAT(error.message(), Catch::Matchers::EndsWith("password authentication failed for user \"shop\""));
  CHECK_THAT(error.to_json().dump(), !ContainsSubstring("wrong-word"));
}

TEST_CASE("programs that are older than the server are refused") {
  Shop shop(true);
  TempFolder tools;
  fs::path fake = tools.write("pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 11.22'\n");
  fs::permissions(fake, fs::perms::owner_all);
  std::string path = getenv("PATH");
  setenv("PATH", (tools.path().string() + ":" + path).c_str(), 1);
  Error error = error_of([&] { shop.create(); });
  setenv("PATH", path.c_str(), 1);
  std::string version = shop.cluster.text("shop", "select current_setting('server_version_num')::int / 10000");
  CHECK(error.code() == Code::unsupported);
  CHECK(error.message() ==
        "database shop on 127.0.0.1:" + std::to_string(shop.cluster.port()) + " is of PostgreSQL " + version + ", pg_dump is of 11");
}

TEST_CASE("a restore is refused while somebody works in the database, and changes nothing") {
  for (bool direct : ways()) {
    Shop shop(direct);
    BackupSet set = shop.create();
    shop.spoil();
    auto children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
    PostgresOptions options;
    options.application = "reports";
    auto session = make_direct_postgres(shop.cluster.url("shop"), *children)->connect(options);
    session->query("begin");
    std::string pid = session->text("select pg_backend_pid()");
    Error error = error_of([&] { shop.restore(set); });
    CHECK(error.code() == Code::postgres_locked);
    CHECK_THAT(error.message(), Catch::Matchers::EndsWith(" is in use: reports of shop (127.0.0.1, idle in transaction, pid " + pid + ")"));
    CHECK(shop.state() == "new");
    session->query("rollback");
    {
      auto hidden = make_direct_postgres(shop.cluster.url("shop", "postgres"), *children)->connect(options);
      error = error_of([&] { shop.restore(set); });
      CHECK_THAT(error.message(), ContainsSubstring(" is in use: "));
      CHECK_THAT(error.message(), ContainsSubstring(" of postgres ("));
      CHECK(shop.state() == "new");
    }
    shop.restore(set);  // an idle session is no reason not to restore; it is ended
    CHECK(shop.state() == "old");
    CHECK_THROWS_AS(session->query("select 1"), Error);
  }
}

TEST_CASE("two restores of one database do not meet") {
  Shop shop(true);
  BackupSet set = shop.create();
  shop.spoil();
  std::optional<Error> second;
  ActingFaults meanwhile("restore.created", [&] { second = error_of([&] { shop.restore(set, nullptr, "20261121T071349Z-9999/1"); }); });
  shop.restore(set, &meanwhile);
  REQUIRE(second);
  CHECK(second->code() == Code::postgres_locked);
  CHECK_THAT(second->message(), Catch::Matchers::EndsWith("another restore of shop is under way"));
  CHECK(shop.state() == "old");
}

TEST_CASE("a role that may not restore is told before anything is touched") {
  Shop shop(true);
  BackupSet set = shop.create();
  shop.cluster.run("postgres", "alter role shop nocreatedb");
  Error error = error_of([&] { shop.restore(set); });
  shop.cluster.run("postgres", "alter role shop createdb");
  CHECK(error.code() == Code::postgres_failed);
  CHECK_THAT(error.message(), Catch::Matchers::EndsWith("cannot be restored: role shop may not create databases"));
  CHECK(error.hint() == "use a superuser, or the owner of the database with the right to create databases");
}

TEST_CASE("RESTORE.md brings the database back with PostgreSQL's own programs") {
  Shop shop(true, "postgres");
  std::string dress = shop.dress();
  BackupSet set = shop.create();
  shop.spoil();
  std::string text = read_file(set.path() / "RESTORE.md"), script = "set -eu\n";
  const std::regex block("```sh\n([^`]*)```");
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1];
  fs::path file = shop.folder.write("restore.sh", script);
  REQUIRE(shell("PGPASSWORD='pass word of postgres' sh " + file.string()) == 0);
  CHECK(shop.state() == "old");
  CHECK(shop.dress() == dress);
  CHECK(shop.cluster.databases() == Names{"shop", "shop_before_20261121t071349z"});
}
