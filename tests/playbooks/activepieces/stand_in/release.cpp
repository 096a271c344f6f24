#include "tests/playbooks/activepieces/stand_in/release.h"

#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace playbook::testing::pieces {
namespace {

namespace fs = std::filesystem;

const char* kFirst = R"(
create table schema_marks (name text primary key);
create table "user" (id text primary key, email text not null);
create table project (id text primary key, "displayName" text not null);
create table flow (id text primary key, "projectId" text not null references project);
create table flow_version (id text primary key, "flowId" text not null references flow, trigger jsonb not null);
create table file (id text primary key, data bytea);
create table app_connection (id varchar(21) primary key, "displayName" text not null, value jsonb not null);
create table mcp_server (id text primary key, status text not null default 'ENABLED');
)";

struct Sql {
  std::string up, down;
};

Sql sql_of(const std::string& name) {
  if (name == "initializeSchema1676238396411") return {kFirst, "drop table schema_marks"};
  if (name == "AddConcurrencyPoolTable1775800000000")
    return {"create index concurrently if not exists idx_project_pool_id on project (id)",
            "DROP INDEX CONCURRENTLY \"idx_project_pool_id\""};
  if (name == "RemoveMcpServerStatus1790000000000")
    return {"alter table mcp_server drop column status", "alter table mcp_server add column status text not null default 'ENABLED'"};
  if (name.substr(name.size() - 13) < "1676238396411") return {"select 1", "select 1"};  // before the first tables
  return {"insert into schema_marks values ('" + name + "')", "delete from schema_marks where name = '" + name + "'"};
}

}  // namespace

void write_release(const fs::path& root, const std::string& release, bool fails) {
  const Json data = parse_json(read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/activepieces/data/migrations.json"), "migrations.json");
  Json migrations = Json::array(), manifest = Json::array();
  for (Json migration : data.at("migrations")) {
    std::string name = migration.at("name");
    if (release == "0.82.1" && migration.contains("from")) continue;
    if (release == "0.82.9" && name == "RemoveMcpServerStatus1790000000000") continue;
    Sql sql = sql_of(name);
    migration["up"] = sql.up, migration["down"] = sql.down;
    manifest.push_back(migration.contains("unnamed") ? Json() : Json(name));
    migrations.push_back(std::move(migration));
  }
  if (fails) migrations.back()["up"] = migrations.back().at("up").get<std::string>() + "; alter table gadgets add column size integer";
  fs::path app = root / "usr/src/app", code = app / "packages/server/api/dist/src";
  make_folder(code, 0755);
  replace_file(app / "package.json", Json{{"name", "activepieces"}, {"version", release}}.dump(), 0644);
  replace_file(code / "migrations.json", migrations.dump(), 0644);
  replace_file(code / "migration-manifest.json", manifest.dump(), 0644);
}

std::string seed_sql() {
  return R"(
insert into "user" select 'u' || n, 'person' || n || '@example.test' from generate_series(1, 20) n;
insert into project values ('p1', 'Hafen Ost'), ('p2', 'Møller & "Sons"');
insert into flow select 'f' || n, 'p' || (n % 2 + 1) from generate_series(1, 40) n;
insert into flow_version select 'v' || n, 'f' || n, jsonb_build_object('type', 'WEBHOOK', 'n', n / 3.0) from generate_series(1, 40) n;
insert into file select 'b' || n, decode(md5(n::text), 'hex') from generate_series(1, 10) n;
insert into app_connection values ('c1', 'connection 1', '{"iv": "33177e09e66bddc9ca73ff048d903d13", "data": "4d5047b0449aaf3bcd47ddcf638bbd98f4554c1b0da71c2fe540677d54cdb627c345b8af765e39a1a7a6ad2115fde28fa0de312a0653efd1323b4a950745e561"}');
insert into app_connection values ('c2', 'connection 2', '{"iv": "8f6e60e18586215f396d88b0ca57fe17", "data": "9cbdc527b0a4328ec9d691a0e7d11d2a173ffff336765d3071fbb70009cf32c16ebcbc8fae14aa615a9e11691e7c37efb901f92b94e080bf5ba7a6eef9957cdcc74f23afcb2f9e2038ec9e0acd9fafa4"}');
insert into app_connection values ('c3', 'connection 3', '{"iv": "b7d302c7d80d381a50627f3ff085ff8d", "data": "9dfda8eea91e71c0322b71cb1372877efeb81263a78a5c9d0fab306f42b40164"}');
insert into mcp_server (id) values ('m1'), ('m2');
)";
}

}  // namespace playbook::testing::pieces
