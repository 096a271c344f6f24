// A folder of the real PGlite (npm's package, as Activepieces and Appstrate run it), backed up as a directory: refused while its process
// runs, taken when that has ended, brought back to what PGlite itself reads. Where the package is missing the test says so.
#include <iostream>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/tree_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kPackage = PLAYBOOK_BINARY_DIR "/pglite/node_modules/@electric-sql/pglite";

/// The folder `stacks` of the fixture as a PGlite database.
class PgliteFixture : public TreeFixture {
 public:
  PgliteFixture() : TreeFixture(Size::empty) {
    folder.write("ask.cjs", "const { PGlite } = require(" + Json(kPackage.string()).dump() + R"js();
const [at, sql, end] = process.argv.slice(2);
const db = new PGlite(at);
db.exec(sql).then(async (all) => {
  console.log(JSON.stringify(all.find((one) => one.rows.length).rows));
  if (end === 'waits') await new Promise((done) => process.stdin.on('end', done).resume());
  if (end === 'dies') process.kill(process.pid, 'SIGKILL');
  await db.close();
});
)js");
  }
  /// Runs SQL as the application would, and prints the first rows that it gives.
  std::string command(const std::string& sql, const std::string& end = "closes") const {
    return "node " + (folder.path() / "ask.cjs").string() + " " + root.string() + " " + shell_quoted(sql) + " " + end;
  }
  std::string ask(const std::string& sql) const { return output_of(command(sql)); }
};

const std::string kRows = "select count(*)::int as n, md5(string_agg(id || body, ',' order by id)) as digest from note;";

}  // namespace

TEST_CASE("a real PGlite folder is refused while its process runs, backed up when that has ended, imported, and restored") {
  if (!fs::exists(kPackage)) {
    std::cout << "SKIPPED: " << kPackage.string() << " is missing; ./dev test installs it\n";
    return;
  }
  PgliteFixture app;
  const std::string old = app.ask(
      "create table note (id int primary key, body text); insert into note select n, repeat('x', n) from generate_series(1, 500) n;" +
      kRows);
  {
    const fs::path said = app.folder.write("said", "");
    FILE* application = ::popen((app.command("select 1 as up", "waits") + " >" + said.string()).c_str(), "w");
    REQUIRE(shell("until grep -q up " + said.string() + "; do kill -0 $PPID; done") == 0);
    const Error error = error_of([&] { app.create(); });
    CHECK(error.code() == Code::postgres_locked);
    CHECK_THAT(error.message(), StartsWith("PGlite database " + app.root.string() + " is in use by node"));
    REQUIRE(::pclose(application) == 0);  // it ends by itself, as an application that is stopped
  }
  const BackupSet set = app.create();
  CHECK(set.manifest().sources[0].state["pglite"] == Json{{".", "17"}});
  app.rehearse(set);
  const fs::path copy = app.folder.path() / "by hand";
  fs::copy(app.root, copy, fs::copy_options::recursive);

  CHECK(app.ask("update note set body = 'spoiled' where id < 9; delete from note where id > 400;" + kRows) != old);
  app.restore(set);
  CHECK(app.ask(kRows + "drop table note") == old);

  Work work = app.work();
  const SetRequest request{app.backups, "imported", {}, app.sources.check(Json::array({app.spec}), app.instance), copy};
  const BackupSet imported = create_set(request, app.sources, work);
  CHECK(imported.manifest().sources[0].state["pglite"] == Json{{".", "17"}});
  app.restore(imported);
  CHECK(output_of(app.command(kRows, "dies") + " || true") == old);

  const Error torn = error_of([&] { app.create(); });
  CHECK(torn.code() == Code::postgres_failed);
  CHECK(torn.message() == "PGlite database " + app.root.string() + " was not shut down cleanly: its state is \"in production\"");
}
