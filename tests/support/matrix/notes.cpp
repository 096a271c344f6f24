#include "tests/support/matrix/notes.h"

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"

namespace playbook::testing {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/system/matrix";

std::string text_of(const fs::path& file) { return try_read_file(file).value_or("(none)"); }

}  // namespace

void lay_out_notes(const fs::path& instance) {
  fs::copy_file(kFolder / "ctl", instance / "ctl");
  replace_file(instance / ".env", "# settings\nVERSION=1\nOBSOLETE=yes\nPASSWORD='it is \"secret\" # $5'\n");
  replace_file(instance / "doomed.txt", "goes with version 1\n");
  replace_file(instance / "running", "");
  std::string sql = "pragma journal_mode=wal; create table notes (id integer primary key, body text); pragma user_version=1;";
  for (int i = 1; i <= 20; ++i) sql += "insert into notes values (" + std::to_string(i) + ", 'note " + std::to_string(i) + "');";
  if (std::system(("sqlite3 " + (instance / "notes.db").string() + " \"" + sql + "\" > /dev/null").c_str()) != 0)
    throw std::runtime_error("sqlite3 failed");
}

std::string judge_notes(const fs::path& instance) {
  auto rows = Sqlite(instance / "notes.db", Sqlite::Mode::read)
                  .query("select (select user_version from pragma_user_version) as schema, count(*) as n, sum(id) as ids from notes");
  Json row = rows.at(0);
  bool data_whole = row["n"] == 20 && row["ids"] == 210;
  std::string version = text_of(instance / ".env").find("VERSION=2\n") != std::string::npos   ? "2"
                        : text_of(instance / ".env").find("VERSION=1\n") != std::string::npos ? "1"
                                                                                              : "other";
  bool kept_secret = text_of(instance / ".env").find("PASSWORD='it is \"secret\" # $5'\n") != std::string::npos;
  bool obsolete = text_of(instance / ".env").find("OBSOLETE=yes\n") != std::string::npos;
  std::string notice = text_of(instance / "notice.txt"), announced = text_of(instance / "announcements");
  bool running = fs::exists(instance / "running"), doomed = fs::exists(instance / "doomed.txt");
  // Empty: the shell was ended between opening the file and writing its line, which `ctl announced` calls not announced, too.
  bool once = announced == "announced\n" || announced == "" || announced == "(none)";
  if (data_whole && kept_secret && running && once) {
    if (version == "1" && row["schema"] == 1 && obsolete && doomed && notice == "(none)") return "old";
    if (version == "2" && row["schema"] == 2 && !obsolete && !doomed && notice == "upgraded to 2\n" && announced == "announced\n")
      return "new";
  }
  return "version " + version + ", data " + row.dump() + (running ? ", running" : ", stopped") + (doomed ? ", doomed" : "") +
         (obsolete ? ", obsolete" : "") + ", notice " + notice + ", " + announced;
}

Scenario notes_upgrade(const std::string& version) {
  Scenario scenario;
  scenario.name = "upgrade to " + version;
  scenario.playbook = "matrix/upgrade";
  scenario.params = {{"to", version}};
  scenario.library = {kFolder};
  scenario.prepare = lay_out_notes;
  scenario.judge = judge_notes;
  return scenario;
}

}  // namespace playbook::testing
