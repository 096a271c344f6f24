// An Appstrate of tier 0: a real git checkout and a stand-in of its server, whose "PGlite" is a folder that says of itself what the real
// one says to those who copy it.
#include "runtime/base/file.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/crash.h"
#include "tests/support/http_server.h"
#include "tests/support/matrix/check.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kParts = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appstrate/tier0", kEngines = PLAYBOOK_BINARY_DIR "/pglite-engines";

void must(const fs::path& folder, const std::string& command) {
  if (shell("cd '" + folder.string() + "' && " + command) != 0) throw std::runtime_error(command + " failed");
}

/// 1.0.0-beta.41, running; 1.0.0-beta.51 is good, 1.0.0-beta.50 crashes once it has migrated.
void lay_out(const fs::path& folder) {
  for (const char* name : {"ctl", "server.py"}) fs::copy_file(kParts / name, folder / name);
  const std::string git = "git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main ";
  fs::create_directories(folder / "packages/db/drizzle");
  replace_file(folder / "packages/db/drizzle/0000_init.sql", "select 1;\n");

  must(folder, git + "init -q");
  for (const char* release : {"1.0.0-beta.50", "1.0.0-beta.51", "1.0.0-beta.41"}) {
    const std::string number = release;
    replace_file(folder / "release.txt", number + (number.ends_with("50") ? "-crash" : "") + "\n");
    must(folder, git + "add -f packages release.txt && " + git + "commit -qm " + number + " && " + git + "tag v" + number);
  }
  fs::create_directories(folder / "data/pglite/global");
  fs::create_directories(folder / "data/storage");
  replace_file(folder / "data/pglite/PG_VERSION", "18\n");
  replace_file(folder / "data/pglite/migrations", "");
  replace_file(folder / "data/storage/file", "kept\n");
  std::string control(8192, '\0');
  control[16] = 1;
  replace_file(folder / "data/pglite/global/pg_control", control);
  const int port = closed_port();
  replace_file(folder / "port", std::to_string(port));
  replace_file(folder / ".env",
               "CONNECTION_ENCRYPTION_KEY=lH6wAAAA\nBETTER_AUTH_SECRET=secret-0001\nUPLOAD_SIGNING_SECRET=0123456789abcdef\n"
               "CONNECT_SESSION_SECRET=0123456789abcdef\nRUN_TOKEN_SECRET=0123456789abcdef\n");
  replace_file(folder / "playbook.json",
               R"({"service": {"start": ["./ctl", "start"], "stop": ["./ctl", "stop"], "status": ["./ctl", "status"]},
"url": "http://127.0.0.1:)" +
                   std::to_string(port) + R"(", "release": [["git", "checkout", "-q", "v{release}"]]})");
  must(folder, "./ctl start && for i in $(seq 500); do python3 -c 'import socket,sys; socket.create_connection((\"127.0.0.1\", " +
                   std::to_string(port) + "))' 2>/dev/null && exit 0; sleep 0.02; done; exit 1");
}

std::string judge(const fs::path& folder) {
  const std::string release = read_file(folder / "release.txt"), rows = read_file(folder / "data/pglite/migrations");
  const bool runs = shell("cd '" + folder.string() + "' && ./ctl status") == 0;
  if (runs && release == "1.0.0-beta.41\n" && rows == "1.0.0-beta.41\n") return "old";
  if (runs && release == "1.0.0-beta.51\n" && rows == "1.0.0-beta.41\n1.0.0-beta.51\n") return "new";
  return "checked out " + release + "migrated " + rows + (runs ? "running" : "stopped");
}

void end(const fs::path& folder) { shell("cd '" + folder.string() + "' && ./ctl stop"); }

/// Asks the database in data/pglite by npm's engine of this PostgreSQL; makes one where there is none. Rows of the last statement as JSON.
std::string ask_pglite(const fs::path& folder, const std::string& engine, const std::string& sql) {
  replace_file(folder / "ask.cjs", "const { PGlite } = require('" + (kEngines / engine).string() + R"(/node_modules/@electric-sql/pglite');
(async () => {
  const database = await PGlite.create('data/pglite');
  const answers = await database.exec(require('fs').readFileSync('ask.sql', 'utf8'));
  require('fs').writeFileSync('answer', JSON.stringify(answers.pop().rows));
  await database.close();
})();
)");
  replace_file(folder / "ask.sql", sql);
  must(folder, "node ask.cjs");
  return read_file(folder / "answer");
}

struct Checkout {
  TempFolder folder;
  Checkout() { lay_out(folder.path()); }
  ~Checkout() { end(folder.path()); }
  std::string state() const { return judge(folder.path()); }
  Finished playbook(std::vector<std::string> arguments) const {
    CommandProcess process(arguments, folder.path());
    const int status = process.finish();
    return {status, process.out, process.err};
  }
};

/// Of a database of PostgreSQL 17, which `from` holds.
Scenario crossing(const fs::path& from) {
  Scenario scenario;
  scenario.name = "appstrate/upgrade-tier0 over PostgreSQL 17 to 18";
  scenario.playbook = "appstrate/upgrade-tier0";
  scenario.params = {{"to", "1.0.0-beta.51"}, {"engines", kEngines.string()}};
  scenario.prepare = [from](const fs::path& instance) {
    lay_out(instance);
    must(instance, "./ctl stop && rm -r data/pglite && cp -a " + from.string() +
                       " data/pglite && ./ctl start && while ! [ -e data/pglite/migrations ]; do "
                       "sleep 0.02; done");
  };
  scenario.judge = [](const fs::path& instance) {
    const std::string release = read_file(instance / "release.txt"), major = read_file(instance / "data/pglite/PG_VERSION");
    const bool runs = shell("cd '" + instance.string() + "' && ./ctl status") == 0;
    const bool alone = shell("cd '" + instance.string() + "' && [ \"$(echo data/*)\" = 'data/pglite data/storage' ]") == 0;
    if (runs && alone && release == "1.0.0-beta.41\n" && major == "17\n") return std::string("old");
    if (runs && alone && release == "1.0.0-beta.51\n" && major == "18\n") return std::string("new");
    return release + major + (runs ? "runs" : "is stopped") + (alone ? "" : ", not alone");
  };
  scenario.clean = end;
  scenario.slack = 8;
  return scenario;
}

Scenario upgrade(const std::string& to) {
  Scenario scenario;
  scenario.name = "appstrate/upgrade-tier0 to " + to;
  scenario.playbook = "appstrate/upgrade-tier0";
  scenario.params = {{"to", to}};
  scenario.prepare = lay_out;
  scenario.judge = judge;
  scenario.clean = end;
  scenario.slack = 8;
  scenario.ends = to.ends_with("50") ? "old" : "new";
  return scenario;
}

}  // namespace

TEST_CASE("an Appstrate of tier 0 is upgraded cold, and goes back with its database", "[tier0]") {
  const Checkout app;
  const Finished failed = app.playbook({"run", "appstrate/upgrade-tier0", "--to", "1.0.0-beta.50", "--yes"});
  INFO(failed.out << failed.err);
  CHECK(failed.status == 1);
  CHECK(app.state() == "old");

  const Finished done = app.playbook({"run", "appstrate/upgrade-tier0", "--to", "v1.0.0-beta.51", "--yes"});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK(app.state() == "new");
  CHECK(app.playbook({"run", "appstrate/verify"}).status == 0);

  const Finished back = app.playbook({"rollback", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(app.state() == "old");
}

TEST_CASE("a PGlite of PostgreSQL 17 is carried over to 18 with all its rows, and goes back as it was", "[tier0]") {
  const Checkout app;
  auto ask = [&](const std::string& engine, const std::string& sql) { return ask_pglite(app.folder.path(), engine, sql); };
  const std::string all =
      "select t.*, n.last_value::int, current_setting('server_version_num')::int / 10000 as major from things t, notes_id_seq n";
  must(app.folder.path(), "./ctl stop && rm -r data/pglite");
  ask("17",
      "create table things (a jsonb, b bytea, c float8, d timestamptz); create table notes (id serial primary key);"
      "insert into things values ('{\"x\": [1.50, null]}', '\\x00ff', 0.1, '2026-01-02 03:04:05+02'); insert into notes select from "
      "generate_series(1, 7);" +
          all);
  const std::string before = ask("17", all);
  CHECK_THAT(before, ContainsSubstring("\"last_value\":7,\"major\":17"));
  must(app.folder.path(), "./ctl start && while ! [ -e data/pglite/migrations ]; do sleep 0.02; done");

  const Finished done = app.playbook({"run", "appstrate/upgrade-tier0", "--to", "1.0.0-beta.51", "--engines", kEngines.string(), "--yes"});
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK_THAT(done.out, ContainsSubstring("2 tables are the same in PostgreSQL 17 and 18"));
  must(app.folder.path(), "./ctl stop");
  std::string carried = before;
  CHECK(ask("18", all) == carried.replace(carried.find("17}"), 2, "18"));
  must(app.folder.path(), "[ \"$(echo data/*)\" = 'data/pglite data/storage' ] && ./ctl start");

  const Finished back = app.playbook({"rollback", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(read_file(app.folder.path() / "data/pglite/PG_VERSION") == "17\n");
}

TEST_CASE("a set of a tier 0 comes into one that was installed on another machine", "[.][tier0][exhaustive]") {
  const Checkout lost;
  const TempFolder elsewhere;
  lost.folder.write("data/storage/file", "since\n");
  const Finished saved = lost.playbook({"run", "appstrate/backup", "--to", elsewhere.path().string(), "--yes"});
  INFO(saved.out << saved.err);
  REQUIRE(saved.status == 0);
  CHECK(lost.state() == "old");  // started again
  end(lost.folder.path());
  const std::string set = fs::directory_iterator(elsewhere.path())->path().string();

  const TempFolder nothing;
  CommandProcess bare({"run", "appstrate/restore", "--set", set, "--accept", "moved", "--yes"}, nothing.path());
  CHECK(bare.finish() == 3);
  CHECK_THAT(bare.out + bare.err, ContainsSubstring("nothing is here, and appstrate.checkout cannot be made of a set alone"));

  const Checkout installed;
  must(installed.folder.path(), "./ctl stop && cp '" + (lost.folder.path() / "port").string() + "' port && ./ctl start");
  const Finished back = installed.playbook({"run", "appstrate/restore", "--set", set, "--accept", "moved", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK(installed.state() == "old");
  CHECK(read_file(installed.folder.path() / "data/storage/file") == "since\n");
  CHECK(read_file(installed.folder.path() / ".env") == read_file(lost.folder.path() / ".env"));
}

TEST_CASE("what a carrying over that was broken off left is never taken for the database, and goes when it is done again",
          "[.][tier0][exhaustive]") {
  const TempFolder seed;
  fs::create_directory(seed.path() / "data");
  ask_pglite(seed.path(), "17", "create table things (a int); insert into things select generate_series(1, 7); select 1");
  const std::string source = read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/appstrate/crossing.lua"), open = "local CARRY = [[\n";
  const size_t from = source.find(open) + open.size();
  replace_file(seed.path() / "carry.mjs", source.substr(from, source.find("\n]]", from) - from));
  const std::string carry = "node --input-type=module - " + kEngines.string() + " 17 18 data/pglite < carry.mjs > said 2>&1";
  int killed = 0;
  auto hold_when = [&](const std::string& call, int time) {
    INFO(call << " " << time);
    const TempFolder folder;
    fs::copy(seed.path(), folder.path(), fs::copy_options::recursive);
    const std::string there = "cd '" + folder.path().string() + "' && ";
    if (shell(there + "strace -f -qq -o /dev/null -e trace=" + call + " -e inject=" + call +
              ":signal=SIGKILL:when=" + std::to_string(time) + " " + carry) != 0) {
      ++killed;
      must(folder.path(), carry);
    }
    CHECK(read_file(folder.path() / "data/pglite/PG_VERSION") == "18\n");
    CHECK(ask_pglite(folder.path(), "18", "select count(*)::int as n from things") == "[{\"n\":7}]");
    must(folder.path(), "[ \"$(echo data/*)\" = data/pglite ]");
  };
  hold_when("fsync", 1);
  hold_when("rmdir", 1);
  for (int before = -1, time = 1; killed > before; ++time) {
    before = killed;
    hold_when("rename", time);
  }
  CHECK(killed >= 5);
}

TEST_CASE("an Appstrate of tier 0 says what is in the way of its upgrade", "[tier0]") {
  const Checkout app;
  const Finished other = app.playbook({"check", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  CHECK_THAT(other.out + other.err, ContainsSubstring("appstrate/upgrade-tier0 upgrades it"));
  replace_file(app.folder.path() / "data/pglite/PG_VERSION", "16\n");
  const std::string env = read_file(app.folder.path() / ".env");
  replace_file(app.folder.path() / ".env", env.substr(0, env.find("RUN_TOKEN_SECRET")));
  Finished refused = app.playbook({"check", "appstrate/upgrade-tier0", "--to", "1.0.0-beta.51"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out + refused.err, ContainsSubstring(".env does not set RUN_TOKEN_SECRET (a fresh random value will do)"));
  CHECK_THAT(
      refused.out + refused.err,
      ContainsSubstring("data/pglite is of PostgreSQL 16, and the PGlite of 1.0.0-beta.51 is PostgreSQL 18: no way is known from PGlite "
                        "of PostgreSQL 16 to 18"));
  fs::remove(app.folder.path() / "playbook.json");
  refused = app.playbook({"check", "appstrate/upgrade-tier0", "--to", "1.0.0-beta.51"});
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("playbook.json does not say `service`; playbook.json does not say `release`"));
}

TEST_CASE("appstrate/upgrade-tier0 holds at a sample of instants, forward and back", "[.][matrix][tier0][exhaustive]") {
  MatrixOptions some;
  some.every = 80, some.seed = 3;
  check_crash_matrix(upgrade("1.0.0-beta.51"), some);
  some.seed = 47;
  check_crash_matrix(upgrade("1.0.0-beta.50"), some);
}

TEST_CASE("a carrying over from PostgreSQL 17 to 18 holds at every instant, forward and back", "[.][matrix][tier0][crossing][exhaustive]") {
  const TempFolder seed;
  fs::create_directory(seed.path() / "data");
  ask_pglite(seed.path(), "17", "create table things (a int); insert into things select generate_series(1, 7); select 1");
  check_crash_matrix(crossing(seed.path() / "data/pglite"), {});
  check_crash_matrix(crossing(seed.path() / "data/pglite"), every(1, true));
}

TEST_CASE("appstrate/upgrade-tier0 holds at every instant", "[.][matrix][tier0][exhaustive]") {
  check_crash_matrix(upgrade("1.0.0-beta.51"), {});
  check_crash_matrix(upgrade("1.0.0-beta.50"), {});
}
