#include "tests/playbooks/appstrate/stand_in/migrations.h"

#include <openssl/evp.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace stand_in {
namespace {

const std::string kBreakpoint = "--> statement-breakpoint", kStandsFor = "-- stands for sha256 ";

std::string text_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string sha256_hex(const std::string& text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += "0123456789abcdef"[digest[i] >> 4], hex += "0123456789abcdef"[digest[i] & 15];
  return hex;
}

std::string hash_of(const std::string& sql) { return sql.starts_with(kStandsFor) ? sql.substr(kStandsFor.size(), 64) : sha256_hex(sql); }

std::vector<std::string> statements_of(const std::string& sql) {
  std::vector<std::string> statements;
  for (size_t at = 0; at != std::string::npos;) {
    size_t end = sql.find(kBreakpoint, at);
    std::string statement = sql.substr(at, end == std::string::npos ? end : end - at);
    statements.push_back(statement.substr(std::min(statement.find_first_not_of('\n'), statement.size())));
    at = end == std::string::npos ? end : end + kBreakpoint.size();
  }
  return statements;
}

}  // namespace

std::vector<Migration> read_migrations(const std::string& root) {
  std::string folder = root + "/packages/db/drizzle/";
  std::vector<Migration> migrations;
  const auto journal = nlohmann::json::parse(text_of(folder + "meta/_journal.json"));
  for (const auto& entry : journal.at("entries")) {
    std::string tag = entry.at("tag"), sql = text_of(folder + tag + ".sql");
    migrations.push_back({tag, std::to_string(entry.at("when").get<long long>()), hash_of(sql), statements_of(sql)});
  }
  return migrations;
}

void migrate(Database& database, const std::vector<Migration>& migrations) {
  database.execute("create schema if not exists drizzle");
  database.execute(
      "create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)");
  auto newest = database.query("select max(created_at) as watermark from drizzle.__drizzle_migrations").at(0)["watermark"];
  database.execute("begin");
  try {
    for (const Migration& migration : migrations) {
      if (newest && std::stoll(migration.when) <= std::stoll(*newest)) continue;
      for (const std::string& statement : migration.statements) database.execute(statement);
      database.query("insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)", {migration.hash, migration.when});
    }
    database.execute("commit");
  } catch (const PostgresError&) {
    database.execute("rollback");
    throw;
  }
}

}  // namespace stand_in
