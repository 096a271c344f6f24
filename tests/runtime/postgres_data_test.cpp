// What databases hold: rows as plain values, fingerprints. Against a real server.
#include "runtime/database/postgres_fingerprint.h"
#include "runtime/database/postgres_rows.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

class DataBed : public PrimitiveFixture {
 public:
  DataBed() : children(make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1})) {
    environment.children = children.get();
    cluster.make_database("shop");
    setenv("PLAYBOOK_TEST_URL", cluster.url("shop").c_str(), 1);
  }
  PostgresCluster& cluster = postgres_cluster();
  std::unique_ptr<Children> children;
  const Json server{{"url", secret_from_env("PLAYBOOK_TEST_URL")}};

  void sql(const std::string& text) { cluster.run("shop", "set role shop; " + text); }
  Json query(const std::string& text, const Json& args = Json::array()) {
    return call("postgres.query", {{"server", server}, {"sql", text}, {"args", args}});
  }
  PostgresFingerprint print(const std::string& database = "shop") {
    auto direct = make_direct_postgres(cluster.url(database), *children);
    return fingerprint(*direct->connect({}));
  }
  std::vector<std::string> changed_by(const std::string& text) {
    PostgresFingerprint before = print();
    sql(text);
    return differences(before, print());
  }
};

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("postgres.query gives plain rows, in both ways the same") {
  DataBed bed;
  const std::string sql =
      "select true as b, 1 as i, 9007199254740992 as exact, 9007199254740993 as big, 0.1::float8 as f, 0.30000000000000004::float8 as g, "
      "1.10 as n, 12345678901234567890.1 as m, 'x\"y\\z' as t, null as nothing, array[1,2] as list, '{\"k\": [1.5, {}]}'::jsonb as doc, "
      "'2026-11-21 07:13:49+00'::timestamptz as at, '\\x00ff'::bytea as raw; -- a remark";
  const Json expected = Json::array({{{"b", true},
                                      {"i", 1},
                                      {"exact", 9007199254740992},
                                      {"big", "9007199254740993"},
                                      {"f", 0.1},
                                      {"g", 0.30000000000000004},
                                      {"n", 1.1},
                                      {"m", "12345678901234567890.1"},
                                      {"t", "x\"y\\z"},
                                      {"nothing", nullptr},
                                      {"list", {1, 2}},
                                      {"doc", {{"k", {1.5, Json::object()}}}},
                                      {"at", "2026-11-21T07:13:49+00:00"},
                                      {"raw", "\\x00ff"}}});
  std::string without_remark = sql.substr(0, sql.find(" --"));
  CHECK(bed.query(without_remark) == expected);
  auto service = make_postgres_service(std::make_unique<ClusterPlace>(bed.cluster, *bed.children), "", "shop");
  CHECK(query_rows(*service->connect({}), without_remark, Json::array(), 10) == expected);
}

TEST_CASE("postgres.query takes arguments, whose types come from where they stand") {
  DataBed bed;
  bed.sql(
      "create table notes (id int, owner text, done bool); insert into notes values (1, 'ada', true), (2, 'o''b', false), (3, null, null)");
  CHECK(bed.query("select id from notes where owner = $1 and id < $2", {"o'b", 3}) == Json::array({{{"id", 2}}}));
  CHECK(bed.query("select id from notes where done = $1", {true}) == Json::array({{{"id", 1}}}));
  CHECK(bed.query("select count(*) as n from notes where owner = $1", {nullptr}) == Json::array({{{"n", 0}}}));
  CHECK(bed.query("select id from notes where false").empty());
}

TEST_CASE("postgres.query can only read, whatever it is given") {
  DataBed bed;
  bed.sql("create table notes (id int); create function spoil() returns int language sql as 'insert into notes values (1) returning 1'");
  auto service = make_postgres_service(std::make_unique<ClusterPlace>(bed.cluster, *bed.children), "", "shop");
  for (const std::string bad :
       {"delete from notes", "with x as (delete from notes returning 1) select * from x", "select spoil()", "select 1; delete from notes",
        "select 1) q; commit; insert into notes values (1); select (1",
        "select 1) q limit 0; set transaction read write; select spoil(); --", "\\! touch /tmp/never", "select 1 \\gexec", "commit"}) {
    INFO(bad);
    CHECK_THROWS_AS(bed.query(bad), Error);
    CHECK_THROWS_AS(query_rows(*service->connect({}), bad, Json::array(), 10), Error);
  }
  CHECK(bed.cluster.text("shop", "select count(*) from notes") == "0");
}

TEST_CASE("postgres.query refuses what cannot be right") {
  DataBed bed;
  Error error = error_of([&] {
    bed.call("postgres.query", {{"server", bed.server}, {"sql", "select generate_series(1, 5)"}, {"limit", 4}});
  });
  CHECK(error.message() == "database shop on 127.0.0.1:" + std::to_string(bed.cluster.port()) + ": the query gives more than 4 rows");
  struct Case {
    Json server;
    std::string message;
  };
  const std::vector<Case> cases{
      {{{"url", "postgresql://u:secret@h/d"}},
       "server: the url holds a password, which would be written into the journal; name it instead, such as with secret.env"},
      {{{"uri", "x"}}, "server: \"uri\" does not belong there"},
      {{{"service", "db"}}, "server: \"project\" must be a project, such as {folder=\".\"}"},
      {{{"project", Json::object()}}, "server: \"service\" is missing"},
      {{{"project", Json::object()}, {"servce", "db"}}, "server: \"servce\" does not belong there; did you mean \"service\"?"},
      {{{"project", Json::object()}, {"service", ""}}, "server: \"service\" must be a string that is not empty"},
  };
  for (const Case& expected : cases) {
    error = error_of([&] { bed.call("postgres.fingerprint", {{"server", expected.server}}); });
    CHECK(error.code() == Code::argument_invalid);
    CHECK(error.message() == expected.message);
  }
}

TEST_CASE("a fingerprint is the same in both ways, after a dump and a restore, and whatever the database is set to") {
  DataBed bed;
  bed.sql(
      "create table \"Odd \"\"name\" (own_row text, t bytea, f float8, at timestamptz, i interval, primary key (own_row));"
      "insert into \"Odd \"\"name\" select i, decode('00ff', 'hex'), i / 3.0, now(), '1 day' from generate_series(1, 100) i;"
      "create table status (s varchar(9) check (s in ('a', 'b')), dropped int); alter table status drop column dropped;"
      "alter table status add column n serial; create index on status (s) where s in ('a', 'b'); insert into status values ('a');"
      "create schema other; create table other.empty (); insert into other.empty default values;"
      "create table parts (k int) partition by list (k); create table parts_1 partition of parts for values in (1); insert into parts "
      "values (1);"
      "create view seen as select s from status where s in ('a', 'b'); create type mood as enum ('glad', 'sad');"
      "create function f(int) returns int language sql as 'select $1'; create extension hstore; select lo_create(0)");
  PostgresFingerprint before = bed.print();
  CHECK(before.tables.at("\"Odd \"\"name\"").rows == 100);
  CHECK(before.tables.at("other.empty").rows == 1);
  CHECK(before.tables.at("parts_1").rows == 1);
  CHECK(before.tables.size() == 4);
  CHECK(before.sequences == std::map<std::string, std::string>{{"status_n_seq", "2"}});
  CHECK(before.extensions.count("hstore") == 1);
  CHECK(before.large_objects == 1);
  CHECK(PostgresFingerprint::from_json(before.to_json()).to_json() == before.to_json());
  CHECK(bed.call("postgres.fingerprint", {{"server", bed.server}}) == before.to_json());
  auto service = make_postgres_service(std::make_unique<ClusterPlace>(bed.cluster, *bed.children), "", "shop");
  CHECK(fingerprint(*service->connect({})).to_json() == before.to_json());

  bed.cluster.make_database("copy");
  REQUIRE(shell("set -e; export PGPASSWORD='pass word of shop'; pg_dump -Fc '" + bed.cluster.url("shop") +
                "' | pg_restore --exit-on-error -d '" + bed.cluster.url("copy") + "'") == 0);
  bed.cluster.run("postgres", "alter database copy set timezone = 'Asia/Tokyo'");
  bed.cluster.run("postgres", "alter database copy set extra_float_digits = 0");
  CHECK(differences(before, bed.print("copy")) == Lines{});
}

TEST_CASE("a fingerprint shows each kind of change") {
  DataBed bed;
  bed.sql(
      "create table notes (id serial primary key, text text); insert into notes(text) values ('a'), ('b'); create sequence down increment "
      "-1");
  CHECK(bed.changed_by("insert into notes(text) values ('c')") == Lines{"table notes: 1 row more"});
  CHECK(bed.changed_by("update notes set text = 'B' where id = 2") == Lines{"table notes: other values"});
  CHECK(bed.changed_by("update notes set text = null where id = 2") == Lines{"table notes: other values"});
  CHECK(bed.changed_by("delete from notes where id > 1") == Lines{"table notes: 2 rows fewer"});
  CHECK(bed.changed_by("select nextval('notes_id_seq'), nextval('down')") == Lines{});
  CHECK(bed.changed_by("select setval('notes_id_seq', 1), setval('down', -1, false)") ==
        Lines{"sequence down is behind", "sequence notes_id_seq is behind"});
  CHECK(bed.changed_by("select setval('down', -10)") == Lines{});
  CHECK(bed.changed_by("select setval('down', -5)") == Lines{"sequence down is behind"});
  CHECK(bed.changed_by("create table more ()") == Lines{"table more is new", "the schema differs"});
  CHECK(bed.changed_by("drop table more") == Lines{"table more is gone", "the schema differs"});
  CHECK(bed.changed_by("create index on notes(text)") == Lines{"the schema differs"});
  CHECK(bed.changed_by("alter table notes alter text set not null") == Lines{"the schema differs"});
  CHECK(bed.changed_by("alter table notes add check (id > 0)") == Lines{"the schema differs"});
  CHECK(bed.changed_by("create extension hstore") == Lines{"extension hstore is new"});
  CHECK(bed.changed_by("drop extension hstore") == Lines{"extension hstore is gone"});
  CHECK(bed.changed_by("select lo_create(0)") == Lines{"large objects: 1 instead of 0"});
}
