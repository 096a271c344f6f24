#include "tests/playbooks/appstrate/stand_in/release.h"

#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

const char* kFirst = R"(
create table "user" (id text primary key, email text not null unique, created_at timestamptz not null default now());
--> statement-breakpoint
create table organizations (id text primary key, name text not null, settings jsonb not null default '{}');
--> statement-breakpoint
create table applications (id text primary key, org_id text not null references organizations, name text not null);
--> statement-breakpoint
create table packages (id text primary key, org_id text references organizations, source text not null, draft bytea);
--> statement-breakpoint
create table runs (id text primary key, status text not null, error text, cost double precision, started_at timestamptz, shape_0000 text);
--> statement-breakpoint
create table integration_connections (id text primary key, credentials_encrypted text not null);
--> statement-breakpoint
create table model_provider_credentials (id text primary key, label text not null, credentials_encrypted text not null);
--> statement-breakpoint
create table org_proxies (id text primary key, label text not null, url_encrypted text not null, shape_0000 text);
--> statement-breakpoint
create table jwks (id text primary key, public_key text not null, private_key text not null, created_at timestamptz, expires_at timestamptz);
)";

// Marks the rows, so that data of one release never passes for that of another, and renames a column that each release asks for by name.
std::string later_sql(const std::string& number, const std::string& before) {
  std::string sql = "update organizations set settings = settings || '{\"m" + number + "\": true}';\n";
  for (const char* table : {"runs", "org_proxies"})
    sql += "--> statement-breakpoint\nalter table " + std::string(table) + " rename column shape_" + before + " to shape_" + number + ";\n";
  return sql;
}

}  // namespace

std::vector<JournalEntry> journal_of(const std::string& release) {
  const Json data = parse_json(read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/appstrate/data/journals.json"), "journals.json");
  for (const Json& known : data.at("releases")) {
    if (known.at(0) != release) continue;
    std::vector<JournalEntry> entries;
    for (const Json& id : data.at("chains").at(known.at(1).get<std::string>()).at("ids")) {
      const Json& migration = data.at("migrations").at(id.get<size_t>());
      entries.push_back({migration.at(0), migration.at(2), migration.at(1)});
    }
    return entries;
  }
  throw std::runtime_error("no release " + release);
}

std::string journal_text(const std::vector<JournalEntry>& entries) {
  Json journal{{"version", "7"}, {"dialect", "postgresql"}, {"entries", Json::array()}};
  for (size_t i = 0; i < entries.size(); ++i)
    journal["entries"].push_back({{"idx", i}, {"version", "7"}, {"when", entries[i].when}, {"tag", entries[i].tag}, {"breakpoints", true}});
  return journal.dump(2) + "\n";
}

void write_release(const fs::path& root, const std::string& release, Flaw flaw) {
  std::vector<JournalEntry> entries = journal_of(release);
  if (flaw == Flaw::backdated) entries.back().when = entries.front().when + 1;
  fs::path folder = root / "packages/db/drizzle";
  make_folder(folder / "meta", 0755);
  for (size_t i = 0; i < entries.size(); ++i) {
    const JournalEntry& entry = entries[i];
    std::string sql = i == 0 ? kFirst : later_sql(entry.tag.substr(0, 4), entries[i - 1].tag.substr(0, 4));
    if (flaw == Flaw::fails_to_migrate && i + 1 == entries.size())
      sql += "--> statement-breakpoint\nalter table gadgets add column size integer;\n";
    replace_file(folder / (entry.tag + ".sql"), "-- stands for sha256 " + entry.hash + "\n" + sql, 0644);
  }
  replace_file(folder / "meta/_journal.json", journal_text(entries), 0644);
}

std::string seed_sql() {
  return R"(
insert into "user" (id, email, created_at) select 'u' || n, 'person' || n || '@example.test', '2026-03-01 12:00+00'::timestamptz + n * interval '1 hour' from generate_series(1, 30) n;
insert into organizations (id, name, settings) values ('o1', 'Hafen Ost', '{"colour": "blue"}'), ('o2', 'Møller & "Sons"', '{}');
insert into applications (id, org_id, name) values ('a1', 'o1', 'Kräne'), ('a2', 'o2', E'two\nlines');
insert into packages (id, org_id, source, draft) select 'p' || n, 'o1', 'system', decode(md5(n::text), 'hex') from generate_series(1, 12) n;
insert into runs (id, status, cost, started_at) select 'r' || n, 'success', n / 3.0, '2026-05-01 08:00+00'::timestamptz + n * interval '7 minutes' from generate_series(1, 200) n;
insert into integration_connections values ('i1', 'v1:k1:h3EzG3O4kZHjS3c8UR4ddDNbAt80iu3Lgg7iSScJV0x9xzNkWiYWKC/IhKL5y9QnM8GPaVreHdBYVqpT8+MfMBHHZawewNqu');
insert into model_provider_credentials values ('c1', 'main', 'v1:k1:QPB4LhjzbUAtQYIxfmqNggbjPEWuZoJn3sWf5j4sNCo8LpB/00UiAWzRR6AJw06UkNoOj4IVFmP1pP8qNmFySIXr4swDINUGCsrpR1w6JE4=');
insert into org_proxies (id, label, url_encrypted) values ('x1', 'out', 'v1:k1:QDuqdi4LYptBz/eV9TNA4Ss/TjzMHtWHb5mvCpWKWPk/V6sQ92XdWZC5IT9zLHpkfkaOh7zEKVQEfXRS');
insert into jwks (id, public_key, private_key, created_at) values ('k1', '{"kty":"EC","crv":"P-256"}', '"152fcbcc35e20c8dd8b6cf90be44a81fdc07bbabc75eadaf5f22da1ebd425e42e8b93af3efff298252fb5921e2c8b7c7167e6cb572ad13f0fa5ad6133f7bef8ce2b65a5486a7cc8eacdc7c0bfac59a886825eae8365c1cbe4834469f1126440390638bc7a9f8828a6b5e53f8ffeb65b70e9a7260a8ca2f25c42949b64673d9adbea7b10a923e65786bbcb2ac1b53ccc8bc619ce2e558f7d3d0aec87e7b989b80445c75d8fe653c85858ce3c68422cb08928b0ab9f7de460717420747c8df9cf6f5dfd39474885c723bd5227dc20d4866880923b3896c4cf2"', '2026-03-01 12:00+00');
)";
}

}  // namespace playbook::testing
