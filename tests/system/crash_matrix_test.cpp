#include <cstdlib>
#include <iostream>

#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "tests/support/catch.h"
#include "tests/support/matrix/crash_matrix.h"

namespace fs = std::filesystem;
using namespace playbook;
using namespace playbook::testing;

namespace {

const fs::path kFolder = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/system/matrix";

void lay_out(const fs::path& instance) {
  fs::copy_file(kFolder / "ctl", instance / "ctl");
  replace_file(instance / ".env", "# settings\nVERSION=1\nOBSOLETE=yes\nPASSWORD='it is \"secret\" # $5'\n");
  replace_file(instance / "doomed.txt", "goes with version 1\n");
  replace_file(instance / "running", "");
  std::string sql = "pragma journal_mode=wal; create table notes (id integer primary key, body text); pragma user_version=1;";
  for (int i = 1; i <= 20; ++i) sql += "insert into notes values (" + std::to_string(i) + ", 'note " + std::to_string(i) + "');";
  if (std::system(("sqlite3 " + (instance / "notes.db").string() + " \"" + sql + "\" > /dev/null").c_str()) != 0) FAIL("sqlite3 failed");
}

std::string text_of(const fs::path& file) { return try_read_file(file).value_or("(none)"); }

/// All of the old, or all of the new; anything else is described.
std::string judge(const fs::path& instance) {
  auto rows = Sqlite(instance / "notes.db", Sqlite::Mode::read).query(
      "select (select user_version from pragma_user_version) as schema, count(*) as n, sum(id) as ids from notes");
  Json row = rows.at(0);
  bool data_whole = row["n"] == 20 && row["ids"] == 210;
  std::string version = text_of(instance / ".env").find("VERSION=2\n") != std::string::npos   ? "2"
                        : text_of(instance / ".env").find("VERSION=1\n") != std::string::npos ? "1"
                                                                                              : "other";
  bool kept_secret = text_of(instance / ".env").find("PASSWORD='it is \"secret\" # $5'\n") != std::string::npos;
  bool obsolete = text_of(instance / ".env").find("OBSOLETE=yes\n") != std::string::npos;
  std::string notice = text_of(instance / "notice.txt"), announced = text_of(instance / "announcements");
  bool running = fs::exists(instance / "running"), doomed = fs::exists(instance / "doomed.txt");
  bool once = announced == "announced\n" || announced == "(none)";
  if (data_whole && kept_secret && running && once) {
    if (version == "1" && row["schema"] == 1 && obsolete && doomed && notice == "(none)") return "old";
    if (version == "2" && row["schema"] == 2 && !obsolete && !doomed && notice == "upgraded to 2\n" && announced == "announced\n") return "new";
  }
  return "version " + version + ", data " + row.dump() + (running ? ", running" : ", stopped") + (doomed ? ", doomed" : "") +
         (obsolete ? ", obsolete" : "") + ", notice " + notice + ", " + announced;
}

Scenario upgrade_to(const std::string& version) {
  Scenario scenario;
  scenario.name = "upgrade to " + version;
  scenario.playbook = "matrix/upgrade";
  scenario.params = {{"to", version}};
  scenario.library = {kFolder};
  scenario.prepare = lay_out;
  scenario.judge = judge;
  return scenario;
}

void check(const Scenario& scenario, const MatrixOptions& options) {
  MatrixReport report = run_crash_matrix(scenario, options);
  std::cout << "crash matrix, " << scenario.name << ": " << report.killed << " of " << report.instants << " instants killed, " << report.broken.size()
            << " broken\n";
  for (const auto& [name, count] : report.by_name) std::cout << "  " << count << " " << name << "\n";
  std::string broken;
  for (const std::string& line : report.broken) broken += line + "\n";
  CHECK(broken == "");
  CHECK(report.instants > 30);
}

}  // namespace

TEST_CASE("a run that is killed at any instant of the way forward ends in the new state after resume", "[matrix]") {
  check(upgrade_to("2"), {});
}

TEST_CASE("a run that is killed at any instant of the way back ends in the old state after resume", "[matrix]") {
  Scenario bad = upgrade_to("3");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  check(bad, {});
}

TEST_CASE("a run that is killed at any instant of the way forward ends in the old state after rollback", "[matrix]") {
  MatrixOptions options;
  options.roll_back = true;
  check(upgrade_to("2"), options);
}

TEST_CASE("a run whose resume is killed too ends in the new state", "[matrix]") {
  MatrixOptions options;
  options.kill_twice = true;
  options.every = 3;
  check(upgrade_to("2"), options);
}
