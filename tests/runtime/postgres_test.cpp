// Both ways to a real server: every case runs directly and through psql.
#include "runtime/database/postgres.h"

#include <csignal>
#include <thread>

#include "tests/support/catch.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
using namespace std::chrono_literals;

namespace {

struct Way {
  std::string name;
  std::unique_ptr<PostgresServer> server;
};

class Bed {
 public:
  Bed() { cluster.make_database("shop"); }

  PostgresCluster& cluster = postgres_cluster();
  std::unique_ptr<Children> children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});

  std::vector<Way> ways(const std::string& role = "shop") {
    std::vector<Way> both;
    both.push_back({"direct", make_direct_postgres(cluster.url("shop", role), *children)});
    both.push_back({"psql", make_postgres_service(std::make_unique<ClusterPlace>(cluster, *children, role), "", "shop")});
    return both;
  }
};

PostgresOptions reading(const CancelToken* cancel = nullptr) {
  PostgresOptions options;
  options.application = "20261121T071349Z-4f2a/7";
  options.cancel = cancel;
  return options;
}

PostgresOptions writing() {
  PostgresOptions options = reading();
  options.writes = true;
  return options;
}

std::string at_server(const Way& way) {
  return way.name == "psql" ? "database shop of service db: "
                            : "database shop on 127.0.0.1:" + std::to_string(postgres_cluster().port()) + ": ";
}

}  // namespace

TEST_CASE("a session gives rows as they are, nulls and odd text apart") {
  Bed bed;
  for (Way& way : bed.ways()) {
    INFO(way.name);
    auto session = way.server->connect(reading());
    PostgresRows rows = session->query(
        "select * from (values (1, null, ''), (2, E'tab\t nl\n back\\\\ quote'' \":x :''y''', 'N'), (9223372036854775807, 'ü', '\\N')) as "
        "v(a, b, c)");
    CHECK(rows ==
          PostgresRows{{"1", std::nullopt, ""}, {"2", "tab\t nl\n back\\ quote' \":x :'y'", "N"}, {"9223372036854775807", "ü", "\\N"}});
    CHECK(session->query("select 1 where false").empty());
    CHECK(session->query("select ''") == PostgresRows{{""}});
    CHECK(session->query("select null") == PostgresRows{{std::nullopt}});
    CHECK(session->query("begin").empty());
    CHECK(session->value("select 1 where false") == std::nullopt);
  }
}

TEST_CASE("a large answer comes whole") {
  Bed bed;
  for (Way& way : bed.ways()) {
    INFO(way.name);
    PostgresRows rows = way.server->connect(reading())->query("select i, repeat('x', 1000) from generate_series(1, 20000) i");
    CHECK(rows.size() == 20000);
    CHECK(rows.back()[0] == "20000");
    CHECK(rows.back()[1]->size() == 1000);
  }
}

TEST_CASE("a session is pinned, named after its action, and reads only") {
  Bed bed;
  bed.cluster.run("postgres", "alter database shop set timezone = 'Asia/Tokyo'");
  bed.cluster.run("postgres", "alter database shop set datestyle = 'German'");
  for (Way& way : bed.ways()) {
    INFO(way.name);
    auto session = way.server->connect(reading());
    CHECK(session->text(
              "select '2026-11-21 07:13:49+00'::timestamptz || ' ' || 0.1::float8 || ' ' || '\\x00ff'::bytea || ' ' || interval '1 day'") ==
          "2026-11-21 07:13:49+00 0.1 \\x00ff 1 day");
    CHECK(session->text("select application_name from pg_stat_activity where pid = pg_backend_pid()") == "20261121T071349Z-4f2a/7");
    Error error = error_of([&] { session->query("create table t (a int)"); });
    CHECK(error.message() == at_server(way) + "cannot execute CREATE TABLE in a read-only transaction");
    CHECK(error.details() == Json{{"sqlstate", "25006"}});
  }
}

TEST_CASE("sessions are found by the name of their action, however long or foreign it is") {
  CHECK(application_name("20261121T071349Z-4f2a/Back up/1") == "20261121T071349Z-4f2a/Back up/1");
  const std::string foreign = "20261121T071349Z-4f2a/Größe prüfen/1", one = "20261121T071349Z-4f2a/" + std::string(60, 'x') + "/1",
                    two = "20261121T071349Z-4f2a/" + std::string(60, 'x') + "/2";
  CHECK_THAT(application_name(foreign), StartsWith("20261121T071349Z-4f2a/") && !ContainsSubstring("\xc3"));
  CHECK(application_name(one) != application_name(two));
  Bed bed;
  for (Way& way : bed.ways())
    for (const std::string& action : {foreign, one}) {
      INFO(way.name << ", " << action);
      PostgresOptions options = reading(), another = reading();
      options.application = action, another.application = two;
      auto left = way.server->connect(options), next = way.server->connect(options), other = way.server->connect(another);
      CHECK(next->text("select application_name from pg_stat_activity where pid = pg_backend_pid()") == application_name(action));
      end_sessions_of(*next, action);
      CHECK_THROWS_AS(left->query("select 1"), Error);
      CHECK(other->text("select 1") == "1");
    }
}

TEST_CASE("a session holds a snapshot, which another takes up") {
  Bed bed;
  bed.cluster.run("shop", "create table t as select 1 as a");
  bed.cluster.run("shop", "grant all on t to public");
  for (Way& way : bed.ways()) {
    INFO(way.name);
    bed.cluster.run("shop", "truncate t");
    auto holder = way.server->connect(reading()), other = way.server->connect(reading());
    holder->query("begin isolation level repeatable read read only");
    std::string snapshot = holder->text("select pg_export_snapshot()");
    bed.cluster.run("shop", "insert into t values (2)");
    CHECK(holder->text("select count(*) from t") == "0");
    CHECK(other->text("select count(*) from t") == "1");
    other->query("begin isolation level repeatable read read only");
    other->query("set transaction snapshot " + sql_literal(snapshot));
    CHECK(other->text("select count(*) from t") == "0");
  }
}

TEST_CASE("what goes wrong is told whole, and never the password") {
  Bed bed;
  bed.cluster.run("shop", "create table t as select 1 as a");
  struct Case {
    std::string sql, code, message, hint, sqlstate;
  };
  const std::vector<Case> cases{
      {"select * from nothing", "postgres.failed", "relation \"nothing\" does not exist", "", "42P01"},
      {"selec", "postgres.failed", "syntax error at or near \"selec\"", "", "42601"},
      {"select * from t", "postgres.failed", "permission denied for table t",
       "use a role that may do this, such as the owner of the database", "42501"},
      {"do 'begin raise exception using errcode = ''53100'', message = ''no space''; end'", "disk.full", "no space",
       "free space on the disk of the database server", "53100"},
      {"do 'begin raise exception using errcode = ''55P03'', message = ''locked''; end'", "postgres.locked", "locked",
       "see who holds the lock: select * from pg_stat_activity where wait_event_type = 'Lock'", "55P03"},
  };
  for (Way& way : bed.ways()) {
    auto session = way.server->connect(reading());
    for (const Case& expected : cases) {
      INFO(way.name << " " << expected.sql);
      Error error = error_of([&] { session->query(expected.sql); });
      CHECK(std::string(to_string(error.code())) == expected.code);
      CHECK(error.message().substr(0, error.message().find(" at character")) == at_server(way) + expected.message);
      CHECK(error.hint() == expected.hint);
      CHECK(error.details() == Json{{"sqlstate", expected.sqlstate}});
    }
    CHECK(session->text("select 1") == "1");  // it lives on
  }
}

TEST_CASE("a connection that is refused says why") {
  Bed bed;
  std::string port = std::to_string(bed.cluster.port());
  struct Case {
    std::string url, message, hint;
  };
  const std::vector<Case> cases{
      {"postgresql://shop:wrong-word@127.0.0.1:" + port + "/shop",
       "database shop on 127.0.0.1:" + port + ": password authentication failed for user \"shop\"",
       "check user and password, and that pg_hba.conf lets this user in"},
      {"postgresql://shop@127.0.0.1:" + port + "/shop", "fe_sendauth: no password supplied",
       "check user and password, and that pg_hba.conf lets this user in"},
      {bed.cluster.url("nowhere"), "database nowhere on 127.0.0.1:" + port + ": database \"nowhere\" does not exist",
       "check the name of the database"},
      {"postgresql://shop:wrong-word@127.0.0.1:1/shop", "Connection refused", "check that the server runs and listens there"},
  };
  for (const Case& expected : cases) {
    Error error = error_of([&] { make_direct_postgres(expected.url, *bed.children)->connect(reading()); });
    CHECK(error.code() == Code::postgres_failed);
    CHECK_THAT(error.message(), ContainsSubstring(expected.message));
    CHECK(error.hint() == expected.hint);
    CHECK_THAT(error.to_json().dump(), !ContainsSubstring("wrong-word"));
  }
  auto server = make_postgres_service(std::make_unique<ClusterPlace>(bed.cluster, *bed.children), "", "nowhere");
  Error error = error_of([&] { server->connect(reading()); });
  CHECK_THAT(error.message(), StartsWith("database nowhere of service db: "));
  CHECK_THAT(error.message(), Catch::Matchers::EndsWith("database \"nowhere\" does not exist"));
  CHECK(error.hint() == "check the name of the database");
}

TEST_CASE("an address that cannot be read does not show its password") {
  auto children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
  Error error = error_of([&] { make_direct_postgres("postgresql://u:secret-word@h:port/x?bad", *children); });
  CHECK(error.message() == "the address of the PostgreSQL server cannot be read");
  CHECK_THAT(error.to_json().dump(), !ContainsSubstring("secret-word"));
}

TEST_CASE("a statement ends when it is cancelled, and when its time is over") {
  Bed bed;
  for (Way& way : bed.ways()) {
    INFO(way.name);
    CancelToken cancel;
    auto session = way.server->connect(reading(&cancel));
    std::thread operator_thread([&] {
      while (bed.cluster.text("postgres",
                              "select count(*) from pg_stat_activity where query like '%pg_sleep(1000)%' and state = 'active' and pid "
                              "<> pg_backend_pid()") == "0")
        continue;
      cancel.request();
    });
    Error error = error_of([&] { session->query("select pg_sleep(1000)"); });
    operator_thread.join();
    CHECK(error.code() == Code::cancelled);
    session.reset();

    PostgresOptions hurried = reading();
    hurried.statement = 50ms;
    error = error_of([&] { way.server->connect(hurried)->query("select pg_sleep(1000)"); });
    CHECK(error.code() == Code::timeout);
    CHECK(error.message() == at_server(way) + "canceling statement due to statement timeout");
    // what a killed client leaves behind is ended by who comes next
    way.server->connect(reading())->query("select 1");
    auto next = way.server->connect(reading());
    end_sessions_of(*next, reading().application);
    while (next->text("select count(*) from pg_stat_activity where application_name = '20261121T071349Z-4f2a/7'") != "1") continue;
  }
}

TEST_CASE("a session that is ended by somebody else says so, and stays ended") {
  Bed bed;
  for (Way& way : bed.ways()) {
    INFO(way.name);
    auto session = way.server->connect(reading());
    std::string pid = session->text("select pg_backend_pid()");
    session->query("begin");
    bed.cluster.run("postgres", "select pg_terminate_backend(" + pid + ")");
    Error error = error_of([&] { session->query("select 1"); });
    CHECK(error.code() == Code::postgres_failed);
    CHECK_THAT(error.message(), StartsWith(at_server(way)));
    CHECK_THROWS_AS(session->query("select 1"), Error);  // never a new connection without the transaction
  }
}

TEST_CASE("a server that stops takes its sessions along, and is found again") {
  Bed bed;
  for (Way& way : bed.ways()) {
    INFO(way.name);
    auto session = way.server->connect(reading());
    bed.cluster.stop(SIGQUIT);
    Error error = error_of([&] { session->query("select 1"); });
    CHECK(error.code() == Code::postgres_failed);
    error = error_of([&] { way.server->connect(reading()); });
    CHECK(error.hint() == "check that the server runs and listens there");
    bed.cluster.start();
    CHECK(way.server->connect(reading())->text("select 1") == "1");
  }
}

TEST_CASE("a lock that another holds is waited for, not for ever") {
  Bed bed;
  bed.cluster.run("shop", "create table t as select 1 as a");
  bed.cluster.run("shop", "grant all on t to public");
  for (Way& way : bed.ways()) {
    INFO(way.name);
    auto holder = way.server->connect(writing());
    holder->query("begin");
    holder->query("lock table t");
    PostgresOptions hurried = reading();
    hurried.lock = 50ms;
    Error error = error_of([&] { way.server->connect(hurried)->query("select * from t"); });
    CHECK(error.code() == Code::postgres_locked);
    CHECK(error.message() == at_server(way) + "canceling statement due to lock timeout");
  }
}

TEST_CASE("text goes into SQL as a literal, whatever it holds") {
  Bed bed;
  for (const char* odd : {"it's", "\\", "\\'; drop table x; --", ":x :'x'", "$1 $$", "a\nb", "\\! touch /tmp/x"}) {
    for (Way& way : bed.ways()) CHECK(way.server->connect(reading())->text("select " + sql_literal(odd)) == odd);
    CHECK(bed.ways()[1].server->connect(reading())->query("select 1 as " + sql_name(odd)).size() == 1);
  }
  CHECK_THROWS_AS(sql_literal(std::string("a\0b", 3)), Error);
  CHECK_THROWS_AS(sql_literal("\xff"), Error);
}
