#include "tests/playbooks/activepieces/stand_in/migrations.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/playbooks/appstrate/stand_in/log.h"

namespace stand_in {
namespace {

std::string time_of(const std::string& name) { return name.substr(name.size() - 13); }

void record(Database& database, const Migration& migration) {
  database.query("insert into migrations (timestamp, name) values ($1::bigint, $2)", {time_of(migration.name), migration.name});
}

void run(Database& database, const Migration& migration) {
  if (migration.outside) {
    database.execute(migration.up);
    return record(database, migration);
  }
  database.execute("begin");
  try {
    database.execute(migration.up);
    record(database, migration);
    database.execute("commit");
  } catch (const PostgresError&) {
    database.execute("rollback");
    throw;
  }
}

}  // namespace

std::vector<Migration> read_migrations(const std::string& root) {
  std::ifstream file(root + "/packages/server/api/dist/src/migrations.json");
  std::vector<Migration> all;
  const auto list = nlohmann::json::parse(file);
  for (const auto& item : list)
    all.push_back({item.at("name"), item.at("up"), item.at("down"), item.value("tag", ""), item.value("breaking", false),
                   item.value("outside", false), item.value("unnamed", false)});
  return all;
}

std::vector<std::string> applied(Database& database) {
  std::vector<std::string> names;
  for (auto& row : database.query("select name from migrations order by id")) names.push_back(row["name"].value_or(""));
  return names;
}

void migrate_up(Database& database, const std::vector<Migration>& migrations) {
  database.execute("create table if not exists migrations (id serial primary key, timestamp bigint not null, name varchar not null)");
  std::vector<std::string> done = applied(database);
  const std::set<std::string> known(done.begin(), done.end());
  std::vector<const Migration*> pending;
  for (const Migration& migration : migrations)
    if (!known.count(migration.name)) pending.push_back(&migration);
  std::stable_sort(pending.begin(), pending.end(), [](auto* a, auto* b) { return time_of(a->name) < time_of(b->name); });
  for (const Migration* migration : pending) try {
      run(database, *migration);
    } catch (const PostgresError& error) {
      log_plain("Migration \"" + migration->name + "\" failed, error: " + error.what());
      throw;
    }
}

void undo_last(Database& database, const Migration& migration) {
  database.execute("begin");
  try {
    database.execute(migration.down);
    database.query("delete from migrations where name = $1", {migration.name});
    database.execute("commit");
  } catch (const PostgresError&) {
    database.execute("rollback");
    throw;
  }
}

}  // namespace stand_in
