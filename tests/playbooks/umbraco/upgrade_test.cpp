// The Umbraco family on a real SQLite database in WAL mode, with a stand-in of the site: its boot writes the states as the real one does,
// and converts nothing.
#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/database/sqlite.h"
#include "runtime/database/sqlite_fingerprint.h"
#include "tests/playbooks/umbraco/site.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/http_server.h"
#include "tests/support/matrix/check.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

struct Site {
  TempFolder folder;
  int port = closed_port();

  explicit Site(const std::string& release, bool runs = true) {
    umbraco::lay_out(folder.path(), release, port);
    if (runs) umbraco::start(folder.path(), port);
  }
  ~Site() { umbraco::stop(folder.path()); }

  fs::path database() const { return folder.path() / umbraco::kDatabase; }
  void settings(const Json& more) { umbraco::set(folder.path(), port, more); }
  void execute(const std::string& sql) const { Sqlite(database(), Sqlite::Mode::write).script(sql); }
  std::string states() const { return umbraco::states(folder.path()); }
  static std::string finals(const std::string& release) { return umbraco::finals(release); }
  fs::path log() const { return folder.path() / "umbraco/Logs/UmbracoTraceLog.STANDIN.20261121.json"; }
  std::string project() const { return read_file(folder.path() / "Shop.csproj"); }
  std::string built() const { return read_file(folder.path() / "out/release"); }
  SqliteFingerprint data() const {
    Sqlite open(database(), Sqlite::Mode::read);
    return fingerprint(open);
  }
  Finished run(const std::vector<std::string>& arguments) const { return run_playbook(arguments, folder.path()); }
};

}  // namespace

TEST_CASE("umbraco/upgrade ends in both final states, with project and build of the release", "[umbraco]") {
  struct Case {
    std::string from, to;
    bool lies;
  };
  for (const Case& one : std::vector<Case>{{"16.4.1", "17.5.2", true}, {"13.5.2", "17.2.2", false}}) {
    INFO(one.from + " -> " + one.to);
    Site site(one.from);
    site.settings({{"lie", one.lies}});
    const Finished run = site.run({"umbraco/upgrade", "--to", one.to, "--yes"});
    INFO(run.out << run.err);
    REQUIRE(run.status == 0);
    CHECK(site.states() == Site::finals(one.to));
    CHECK_THAT(site.project(), ContainsSubstring("Version=\"" + one.to + "\"") && ContainsSubstring("<TargetFramework>net10.0<"));
    CHECK(site.built() == one.to + "\n");
    CHECK(site.run({"umbraco/verify"}).status == 0);

    const Finished back = site.run({"rollback", "--yes"});
    INFO(back.out << back.err);
    CHECK(back.status == 0);
    CHECK(site.states() == Site::finals(one.from));
    CHECK(site.built() == one.from + "\n");
    CHECK_THAT(site.project(), ContainsSubstring("Version=\"" + one.from + "\"") && ContainsSubstring("<TargetFramework>net8.0<"));
  }
}

TEST_CASE("a key ring without keys refuses umbraco/upgrade, and the HMAC key is in the set by its fingerprint alone", "[umbraco]") {
  Site site("16.4.1");
  CHECK(site.run({"check", "umbraco/upgrade", "--to", "17.5.2"}).status == 0);
  CHECK(site.run({"backup", "create"}).status == 0);
  for (const auto& set : fs::directory_iterator(site.folder.path() / ".playbook/backups")) {
    const std::string manifest = read_file(set.path() / "manifest.json");
    CHECK_THAT(manifest, ContainsSubstring("\"umbraco\"") && ContainsSubstring("\"hmac\""));
    CHECK(manifest.find("c2l4dGVlbiBieXRlcw") == std::string::npos);
  }
  fs::remove(site.folder.path() / "ring/key-a.xml");
  const Finished refused = site.run({"check", "umbraco/upgrade", "--to", "17.5.2"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("ring holds no key: sessions and links that were sent are lost"));
}

TEST_CASE("an Umbraco release that fails in the middle of its migrations ends in the old states, the old build and the old project",
          "[umbraco]") {
  Site site("16.4.1");
  const SqliteFingerprint before = site.data();
  const std::string project = site.project();
  site.settings({{"fail", "7208B20D"}, {"only_live", true}});
  const Finished run = site.run({"umbraco/upgrade", "--to", "17.5.2", "--yes"});
  INFO(run.out << run.err);
  CHECK(run.status == 1);
  CHECK_THAT(run.out, ContainsSubstring("ROLLED BACK umbraco/upgrade 17.5.2 -> 16.4.1") || ContainsSubstring("ROLLED BACK"));
  CHECK(differences(before, site.data()).empty());
  CHECK(site.project() == project);
  CHECK(site.built() == "16.4.1\n");
  CHECK(site.run({"umbraco/verify"}).status == 0);
}

TEST_CASE("an Umbraco upgrade that must not begin is refused before anything changes", "[umbraco]") {
  struct Case {
    const char *what, *release, *to, *sql;
    std::string why;
  };
  const char* none = "";
  const std::vector<Case> cases{
      {"9.5 would skip three majors without a word", "9.5.4", "14.3.1", none,
       "every migration of 10, 11 and 12 would be left out without a word"},
      {"18 changes a database of 13 before it refuses it", "13.5.2", "18.0.2", none, "first comes 17"},
      {"16 to 18: the premigrations do not fit", "16.4.1", "18.0.2", none,
       "the premigration plan of 18.0.2 does not know {5ECCE7A7-2EFC-47A5-A081-FFD94D9F79AA}"},
      {"13.5 to 14.2", "13.5.2", "14.2.0", none, "the core plan of 14.2.0 does not know {CC47C751-A81B-489A-A2BC-0240245DB687}"},
      {"13 to 16.2", "13.5.2", "16.2.0", none, "16.2 needs rows of umbracoLock that a database of 13 does not have"},
      {"no core state", "16.4.1", "17.5.2", "delete from umbracoKeyValue where \"key\" = 'Umbraco.Core.Upgrader.State+Umbraco.Core'",
       "the database has no core state"},
      {"of Umbraco 7", "16.4.1", "17.5.2",
       "update umbracoKeyValue set value = '{init-7.14.0}' where \"key\" = 'Umbraco.Core.Upgrader.State+Umbraco.Core'",
       "the database is of Umbraco 7 or older ({init-7.14.0})"},
      {"a state of nobody", "17.5.2", "18.0.2",
       "update umbracoKeyValue set value = '{AE533AF6-4611-4E25-AA4D-89AEFA468E79}' where \"key\" = "
       "'Umbraco.Core.Upgrader.State+Umbraco.Core'",
       "state {AE533AF6-4611-4E25-AA4D-89AEFA468E79} is newer than this table, or not of an Umbraco"},
      {"wrong letters", "16.4.1", "17.5.2",
       "update umbracoKeyValue set value = lower(value) where \"key\" = 'Umbraco.Core.Upgrader.State+Umbraco.Core'",
       "the states of 16.4.1 are there, but not byte for byte"},
      {"an upgrade that was not finished", "16.4.1", "17.5.2",
       "update umbracoKeyValue set value = '{7B51B4DE-5574-4484-993E-05D12D9ED703}' where \"key\" = "
       "'Umbraco.Core.Upgrader.State+Umbraco.Core'",
       "16.4.1 ends in {6A7D3B80-8B64-4E41-A7C0-02EC39336E97}"},
      {"a package", "16.4.1", "17.5.2",
       "insert into umbracoKeyValue(\"key\", value) values ('Umbraco.Core.Upgrader.State+SamplePackage', '2.0.5')",
       "SamplePackage is in state 2.0.5"},
      {"another boot", "17.4.0", "17.5.2",
       "insert into umbracoKeyValue(\"key\", value) values ('Umbraco.Core.Upgrader.Lock', 'host|2026-01-01T00:00:00Z')",
       "umbracoKeyValue says that host|2026-01-01T00:00:00Z migrates"},
      {"a release behind the table", "17.5.2", "17.9.9", none,
       "does not know 17.9.9; its final states would be those in which it ends on a"},
      {"a major behind the table", "17.5.2", "19.0.0", none, "does not know 19.0.0, nor any release of its major before it"},
  };
  for (const Case& one : cases) {
    INFO(one.what);
    Site site(one.release, false);
    if (*one.sql) site.execute(one.sql);
    const SqliteFingerprint before = site.data();
    const Finished run = site.run({"umbraco/upgrade", "--to", one.to, "--yes"});
    INFO(run.out << run.err);
    CHECK(run.status == 3);
    CHECK_THAT(run.out + run.err, ContainsSubstring(one.why));
    CHECK(differences(before, site.data()).empty());
    CHECK(site.built() == one.release + std::string("\n"));
  }
}

TEST_CASE("umbraco/downgrade changes the build alone where the states are equal, and else takes the newest backup of that release",
          "[umbraco]") {
  Site site("17.4.0");
  REQUIRE(site.run({"umbraco/upgrade", "--to", "17.5.2", "--yes"}).status == 0);
  const std::string late =
      "insert into umbracoNode(id,uniqueId,parentId,level,path,sortOrder,trashed,text) values (77,'u',-1,1,'-1,77',0,0,'late')";
  site.execute(late);
  Finished run = site.run({"umbraco/downgrade", "--to", "17.4.0", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("way back: build: the database is in the states of 17.4.0 already"));
  CHECK(site.built() == "17.4.0\n");
  CHECK(Sqlite(site.database(), Sqlite::Mode::read).scalar("select count(*) from umbracoNode where id = 77") == 1);

  REQUIRE(site.run({"umbraco/upgrade", "--to", "18.0.2", "--yes"}).status == 0);
  run = site.run({"umbraco/downgrade", "--to", "17.4.0", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("way back: restore: since 17.4.0 it had "));
  CHECK(site.states() == Site::finals("17.4.0"));
}

TEST_CASE("states are written by force only when asked for, and never over a migration that shifts dates without its setting",
          "[umbraco]") {
  Site site("17.5.2");
  const SqliteFingerprint before = site.data();
  Finished run = site.run({"umbraco/downgrade", "--to", "17.2.2", "--yes"});
  CHECK(run.status == 3);
  CHECK_THAT(run.out + run.err, ContainsSubstring("and there is no backup set of 17.2.2"));
  run = site.run({"umbraco/downgrade", "--to", "16.4.1", "--force-states", "--accept", "one-way", "--yes"});
  CHECK(run.status == 3);
  CHECK_THAT(run.out + run.err, ContainsSubstring("V_17_0_0.MigrateSystemDatesToUtc: shifts dates by the server offset"));
  CHECK(differences(before, site.data()).empty());

  run = site.run({"umbraco/downgrade", "--to", "17.2.2", "--force-states", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK(site.states() == Site::finals("17.2.2"));
  CHECK(site.built() == "17.2.2\n");

  const Finished back = site.run({"rollback", "--yes"});
  INFO(back.out << back.err);
  REQUIRE(back.status == 0);
  CHECK(site.states() == Site::finals("17.5.2"));
}

TEST_CASE("umbraco/rerun runs the migrations of the later releases once more, on a copy unless the site itself is asked for", "[umbraco]") {
  Site site("17.5.2");
  const SqliteFingerprint before = site.data();
  const std::string log = read_file(site.log());
  Finished run = site.run({"umbraco/rerun", "--from", "16.4.1"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK(differences(before, site.data()).empty());
  CHECK(read_file(site.log()) == log);
  CHECK_THAT(run.out, ContainsSubstring("on the copy: 26 migrations ran: V_17_0_0.UpdateToOpenIddictV7, "));
  run = site.run({"umbraco/rerun", "--from", "16.4.1", "--live", "--yes"});
  CHECK(run.status == 3);
  CHECK_THAT(run.out + run.err, ContainsSubstring("V_17_0_0.MigrateSystemDatesToUtc: shifts dates by the server offset"));

  run = site.run({"umbraco/rerun", "--from", "17.2.2", "--live", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK(site.states() == Site::finals("17.5.2"));
  CHECK_THAT(read_file(site.log()), ContainsSubstring("Execute {MigrationType}"));
}

TEST_CASE("of all pairs of releases a database is refused, or the migrations that will run end in exactly the target's states",
          "[umbraco]") {
  TempFolder folder;
  folder.write("code", R"(local s = require "umbraco.states"
local seen, count, wrong = {}, { refused = 0, goes = 0, writes = 0 }, {}
local function last(steps, from) return steps[#steps] or s.id(from) end
for _, from in ipairs(s.releases) do
  local old = s.release(from)
  local row = old.core .. (old.pre or "")
  if not seen[row] then
    seen[row] = true
    for _, to in ipairs(s.releases) do
      local new = s.release(to)
      if s.refusal(old.core, old.pre, from, to) then
        count.refused = count.refused + 1
      else
        local steps = s.pending(old.core, old.pre, to)
        count.goes = count.goes + 1
        local ends = last(steps.core, old.core) == s.id(new.core) and (not new.pre or last(steps.pre, old.pre) == s.id(new.pre))
        if not ends then wrong[#wrong + 1] = from .. " -> " .. to end
      end
      for _, change in ipairs(require("umbraco.ways").rows({ core = old.core, pre = old.pre }, to)) do
        count.writes = count.writes + 1
        if change.key == s.CORE and change.to ~= new.core or change.key == s.PRE and change.to ~= new.pre then wrong[#wrong + 1] = from .. " => " .. to end
      end
    end
  end
end
return { wrong = table.concat(wrong, ", "), count = count })");
  const Finished run = run_playbook({"eval", "--json", read_file(folder.path() / "code")}, folder.path());
  INFO(run.err);
  REQUIRE(run.status == 0);
  const Json found = parse_json(run.out, "the answer");
  CHECK(found["wrong"] == "");
  CHECK(found["count"]["refused"].get<int>() + found["count"]["goes"].get<int>() == 231 * 49);
  CHECK(found["count"]["goes"] == 2492);  // counted from the plans by another program
}

TEST_CASE("inspect names the releases that a database of Umbraco may be of", "[umbraco]") {
  Site site("10.4.2");
  const Finished run = site.run({"inspect", "--json"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("10.4.0 to 10.4.2, 11.0.0 to 11.1.0"));
  CHECK_THAT(run.out, ContainsSubstring("\"version\":\"10.4.2\""));
  for (const char* way : {"\"10.8.7: 2 migrations\"", "\"13.5.2: 21 migrations\"", "\"17.5.2: after 13\""})
    CHECK_THAT(run.out, ContainsSubstring(way));
}

TEST_CASE("umbraco/upgrade and downgrade hold at a sample of instants, forward and back", "[umbraco][matrix]") {
  MatrixOptions options;
  options.every = 220;
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2"), options);
  options.every = 400;
  check_crash_matrix(umbraco::downgrade("17.5.2", "17.2.2"), options);
  options.every = 130;
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2", "7208B20D"), options);
}

TEST_CASE("umbraco/downgrade by force holds at every instant", "[.][umbraco][matrix][exhaustive]") {
  check_crash_matrix(umbraco::downgrade("17.5.2", "17.2.2"), {});
}

TEST_CASE("umbraco/upgrade holds at every instant, forward and back", "[.][umbraco][matrix][exhaustive]") {
  MatrixOptions options;
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2"), options);
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2", "7208B20D"), options);
  options.roll_back = true;
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2"), options);
}
