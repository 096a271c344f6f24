// The Umbraco family on a real SQLite database in WAL mode, with a stand-in of the site: its boot writes the states as the real one does,
// and converts nothing.
#include "tests/playbooks/umbraco/fixture.h"
#include "tests/support/matrix/check.h"

using namespace playbook;
using namespace playbook::testing;
using umbraco::finals;
using umbraco::Site;
namespace fs = std::filesystem;

TEST_CASE("umbraco/upgrade ends in both final states, with project and build of the release", "[umbraco]") {
  struct Case {
    std::string from, to;
    bool lies;
  };
  for (const Case& one : std::vector<Case>{{"16.4.1", "17.5.2", true}, {"13.5.2", "17.2.2", false}}) {
    INFO(one.from + " -> " + one.to);
    Site site(one.from, Site::Is::running);
    site.settings({{"lie", one.lies}});
    const Finished run = site.run({"umbraco/upgrade", "--to", one.to, "--accept", "older-patch", "--yes"});
    INFO(run.out << run.err);
    REQUIRE(run.status == 0);
    CHECK(site.states() == finals(one.to));
    CHECK_THAT(site.text("Shop.csproj"), ContainsSubstring("Version=\"" + one.to + "\"") && ContainsSubstring("<TargetFramework>net10.0<"));
    CHECK(site.text("out/release") == one.to + "\n");
    if (!one.lies) continue;  // the way back of both is the same
    CHECK(site.run({"umbraco/verify"}).status == 0);

    const Finished back = site.run({"rollback", "--yes"});
    INFO(back.out << back.err);
    CHECK(back.status == 0);
    CHECK(site.states() == finals(one.from));
    CHECK(site.text("out/release") == one.from + "\n");
    CHECK_THAT(site.text("Shop.csproj"),
               ContainsSubstring("Version=\"" + one.from + "\"") && ContainsSubstring("<TargetFramework>net8.0<"));
  }
}

TEST_CASE("a key ring without keys refuses umbraco/upgrade, and the HMAC key is in the set by its fingerprint alone", "[umbraco]") {
  Site site("16.4.1", Site::Is::running);
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
  Site site("16.4.1", Site::Is::running);
  const SqliteFingerprint before = site.data();
  const std::string project = site.text("Shop.csproj");
  site.settings({{"fail", "7208B20D"}, {"only_live", true}});
  const Finished run = site.run({"umbraco/upgrade", "--to", "17.5.2", "--yes"});
  INFO(run.out << run.err);
  CHECK(run.status == 1);
  CHECK_THAT(run.out, ContainsSubstring("ROLLED BACK umbraco/upgrade 17.5.2 -> 16.4.1") || ContainsSubstring("ROLLED BACK"));
  CHECK(differences(before, site.data()).empty());
  CHECK(site.text("Shop.csproj") == project);
  CHECK(site.text("out/release") == "16.4.1\n");
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
      {"no braces", "16.4.1", "17.5.2", "update umbracoKeyValue set value = trim(value, '{}') where \"key\" like '%+Umbraco.Core'",
       "the states of 16.4.1 are there, but not byte for byte"},
      {"content would be lost", "16.4.1", "17.4.0", none, "releases from 15 to before 17.5.2 may lose rich text and blocks"},
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
    Site site(one.release);
    if (*one.sql) site.execute(one.sql);
    const SqliteFingerprint before = site.data();
    const Finished run = site.run({"umbraco/upgrade", "--to", one.to, "--yes"});
    INFO(run.out << run.err);
    CHECK(run.status == 3);
    CHECK_THAT(run.out + run.err, ContainsSubstring(one.why));
    CHECK(differences(before, site.data()).empty());
    CHECK(site.text("out/release") == one.release + std::string("\n"));
  }
}

TEST_CASE("umbraco/downgrade changes the build alone where the states are equal, and else takes the newest backup of that release",
          "[umbraco]") {
  Site site("17.5.2", Site::Is::running);
  const std::string late =
      "insert into umbracoNode(id,uniqueId,parentId,level,path,sortOrder,trashed,text) values (77,'u',-1,1,'-1,77',0,0,'late')";
  site.execute(late);
  Finished run = site.run({"umbraco/downgrade", "--to", "17.4.0", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("way back: build: the database is in the states of 17.4.0 already"));
  CHECK(site.text("out/release") == "17.4.0\n");
  CHECK(site.scalar("select count(*) from umbracoNode where id = 77") == 1);

  REQUIRE(site.run({"umbraco/upgrade", "--to", "18.0.2", "--yes"}).status == 0);
  run = site.run({"umbraco/downgrade", "--to", "17.4.0", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK_THAT(run.out, ContainsSubstring("way back: restore: since 17.4.0 it had "));
  CHECK(site.states() == finals("17.4.0"));
}

TEST_CASE("states are written by force only when asked for, and never over a migration that shifts dates without its setting",
          "[umbraco]") {
  Site site("17.5.2", Site::Is::running);
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
  CHECK(site.states() == finals("17.2.2"));
  CHECK(site.text("out/release") == "17.2.2\n");

  const Finished back = site.run({"rollback", "--yes"});
  INFO(back.out << back.err);
  REQUIRE(back.status == 0);
  CHECK(site.states() == finals("17.5.2"));
}

TEST_CASE("umbraco/rerun runs the migrations of the later releases once more, on a copy unless the site itself is asked for", "[umbraco]") {
  Site site("17.5.2", Site::Is::running);
  const SqliteFingerprint before = site.data();
  const std::string log = site.log();
  Finished run = site.run({"umbraco/rerun", "--from", "16.4.1"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK(differences(before, site.data()).empty());
  CHECK(site.log() == log);
  CHECK_THAT(run.out, ContainsSubstring("on the copy: 26 migrations ran: V_17_0_0.UpdateToOpenIddictV7, "));
  run = site.run({"umbraco/rerun", "--from", "16.4.1", "--live", "--yes"});
  CHECK(run.status == 3);
  CHECK_THAT(run.out + run.err, ContainsSubstring("V_17_0_0.MigrateSystemDatesToUtc: shifts dates by the server offset"));

  run = site.run({"umbraco/rerun", "--from", "17.2.2", "--live", "--yes"});
  INFO(run.out << run.err);
  REQUIRE(run.status == 0);
  CHECK(site.states() == finals("17.5.2"));
  CHECK_THAT(site.log(), ContainsSubstring("Execute {MigrationType}"));
}

TEST_CASE("umbraco/upgrade holds at a sample of instants, forward and back", "[umbraco][matrix]") {
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2"), every(300));
  check_crash_matrix(umbraco::upgrade("16.4.1", "17.5.2", "7208B20D"), every(130));
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
