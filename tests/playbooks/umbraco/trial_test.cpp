// A new build of an Umbraco site is booted on a copy before it meets the site: what fails there has touched nothing, and what the table of
// states does not know is learned there.
#include "tests/playbooks/umbraco/fixture.h"

using namespace playbook;
using namespace playbook::testing;
using umbraco::Site;
namespace fs = std::filesystem;

namespace {

bool scratch_is_left(const fs::path& folder) {
  for (const auto& entry : fs::recursive_directory_iterator(folder / ".playbook"))
    if (entry.path().filename() == "trial.sqlite.db") return true;
  return false;
}

}  // namespace

TEST_CASE("an Umbraco release that fails on a copy of the site has not touched the site", "[umbraco]") {
  Site site("16.4.1");
  site.start();
  const SqliteFingerprint before = site.data();
  const std::string project = site.text("Shop.csproj"), process = site.text("site.pid");
  site.settings({{"fail", "7208B20D"}});
  const std::string said = site.said({"umbraco/upgrade", "--to", "17.5.2", "--yes"}, 1);
  INFO(said);
  CHECK_THAT(said, ContainsSubstring("on a copy of the site 17.5.2 does not boot: UmbracoTraceLog.STANDIN.20261121.json says: ") &&
                       ContainsSubstring("failed at step"));
  CHECK(differences(before, site.data()).empty());
  CHECK(site.text("Shop.csproj") == project);
  CHECK(site.text("site.pid") == process);  // it was not even stopped
  CHECK_FALSE(scratch_is_left(site.folder.path()));
  site.settings({{"lose", true}});
  CHECK_THAT(site.said({"umbraco/upgrade", "--to", "17.5.2", "--yes"}, 1),
             ContainsSubstring("on the copy Umbraco.RichText had 2 values and has 1"));
  CHECK(differences(before, site.data()).empty());
}

TEST_CASE("the states of an Umbraco release that the table does not know are learned on a copy, once that is accepted", "[umbraco]") {
  Site site("17.5.2");
  Json table = parse_json(read_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/umbraco/data/states.json"), "the table");
  const std::string state = "{3A1A8047-74AE-491A-B2C4-0BAE4A1289EC}", pre = table["releases"]["17.5.2"]["pre"];
  table["states"]["3A1A8047"] = {{"state", state}, {"class", "V_17_6_0.Unseen"}};
  table["plans"]["core-17.6.0"] = table["plans"]["core-17.4.0"];
  table["plans"]["core-17.6.0"]["chain"].push_back("3A1A8047");
  table["releases"]["17.6.0"] = {{"core", state}, {"pre", pre}, {"core_plan", "core-17.6.0"}, {"pre_plan", "pre-17.0.0"}};
  replace_file(site.path("table.json"), table.dump());
  site.settings({{"table", site.path("table.json").string()}});
  site.start();

  const std::string said = site.said({"umbraco/upgrade", "--to", "17.6.0", "--accept", "unknown-release", "--yes"}, 0);
  INFO(said);
  CHECK_THAT(said, ContainsSubstring("17.6.0 ends in core " + state + " and premigrations " + pre + ": added to umbraco-states.json"));
  CHECK(site.states() == state + " " + pre);
  CHECK(parse_json(site.text("umbraco-states.json"), "learned") == Json({{"releases", {{"17.6.0", {{"core", state}, {"pre", pre}}}}}}));
  CHECK(site.run({"umbraco/verify"}).status == 0);
  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("17.6.0"));
  CHECK_FALSE(scratch_is_left(site.folder.path()));
}

TEST_CASE("an operator's file of Umbraco states that contradicts the table, or names no state, is refused", "[umbraco]") {
  Site site("17.5.2");
  const std::string core = "{3A1A8047-74AE-491A-B2C4-0BAE4A1289EC}";
  auto refused = [&](const char* release, const Json& ends) {
    replace_file(site.path("umbraco-states.json"), Json({{"releases", {{release, ends}}}}).dump());
    return site.said({"umbraco/verify"}, 2);
  };
  CHECK_THAT(refused("17.5.2", {{"core", core}}),
             ContainsSubstring("umbraco-states.json: the table of states says something else of 17.5.2"));
  CHECK_THAT(refused("17.6.0", {{"pre", core}}), ContainsSubstring("umbraco-states.json: releases: 17.6.0 has no core state"));
  CHECK_THAT(refused("17.6.0", {{"core", "3a1a"}}), ContainsSubstring("umbraco-states.json: releases: 17.6.0: 3a1a is no state"));
  CHECK_THAT(refused("17.6.0", {{"core", "{3f9b6a1c-7d84-4e2b-9c15-6a2e8f3d5b47}"}}),
             ContainsSubstring("umbraco-states.json: releases: 17.6.0: {3f9b6a1c-7d84-4e2b-9c15-6a2e8f3d5b47} is "
                               "{3F9B6A1C-7D84-4E2B-9C15-6A2E8F3D5B47} in the table of states"));
  replace_file(site.path("umbraco-states.json"), Json({{"releases", {{"17.6.0", {{"core", core}}}}}}).dump());
  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("17.6.0: "));
}

TEST_CASE("an Umbraco site whose new build cannot be tried on a copy says why, and goes untried only where that is accepted", "[umbraco]") {
  struct Case {
    std::string member;
    Json value;
    std::string why;
  };
  for (const Case& one : std::vector<Case>{
           {"run", nullptr, "playbook.json does not say how the site is started in the foreground, under run"},
           {"build", {"./build", "/srv/out"}, "build in playbook.json names the path /srv/out, which a copy would share with the site"},
           {"", nullptr, "Shop.csproj refers to ../Core/Core.csproj, which is outside of the folder that is copied"}}) {
    Site site("16.4.1");
    if (!one.member.empty()) site.told(one.member, one.value);
    if (one.member.empty()) site.replace("Shop.csproj", "<ItemGroup>", "<ItemGroup><ProjectReference Include=\"../Core/Core.csproj\" />");
    const std::string said = site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3);
    CHECK_THAT(said, ContainsSubstring(one.why) && ContainsSubstring("new_build_can_be_tried"));
    CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2", "--accept", "untried"}, 3), !ContainsSubstring(one.why));
  }
}

TEST_CASE("an Umbraco site of a kind that is not worked on is refused by its name", "[umbraco]") {
  struct Case {
    std::string file, what, with, why;
  };
  const std::string source = "Data Source=|DataDirectory|/Umbraco.sqlite.db";
  const std::vector<Case> cases{
      {"appsettings.json", source, "Server=(localdb)\\\\MSSQLLocalDB;Integrated Security=True", "its database is LocalDB"},
      {"appsettings.json", source, "Server=tcp:shop.database.windows.net;Password=hunter22", "its database is Azure SQL"},
      {"appsettings.json", source, "Data Source=|DataDirectory|/Umbraco.sdf", "its database is SQL Server Compact"},
      {"playbook.json", "\"service\"", "\"servise\"", "playbook.json: \"servise\" is not known"},
      {"Shop.csproj", "16.4.1", "16.*", "Umbraco.Cms is 16.*, which may be another one at the next restore"},
  };
  for (const Case& one : cases) {
    INFO(one.why);
    Site site("16.4.1");
    site.replace(one.file, one.what, one.with);
    const Finished verified = site.run({"umbraco/verify"});
    const std::string said = verified.out + verified.err;
    CHECK_THAT(said, ContainsSubstring(one.why) && !ContainsSubstring("hunter22"));
  }

  Site site("16.4.1");
  site.told("service", nullptr);
  replace_file(site.path("web.config"), "<handlers><add name=\"aspNetCore\" /></handlers>");
  CHECK_THAT(site.said({"umbraco/verify"}, 3), ContainsSubstring("IIS serves it, says ./web.config"));
  fs::remove(site.path("web.config"));
  site.told("environment", "Development");
  site.replace("Shop.csproj", "<TargetFramework>", "<UserSecretsId>a</UserSecretsId><TargetFramework>");
  CHECK_THAT(site.said({"umbraco/verify"}, 3),
             ContainsSubstring("Shop.csproj has user secrets, which win over appsettings in Development"));
}

TEST_CASE("variables of an Umbraco site's service win over its appsettings", "[umbraco]") {
  Site site("16.4.1");
  replace_file(site.path("site.env"), "UMBRACO__CMS__UNATTENDED__INSTALLUNATTENDED=true\n");
  site.told("env_files", {"site.env"});
  const std::vector<std::string> check{"check", "umbraco/upgrade", "--to", "17.5.2"};
  CHECK_THAT(site.said(check, 3),
             ContainsSubstring("InstallUnattended is true: on an empty or wrong database it would install a new site"));
  replace_file(site.path("site.env"), "Umbraco__CMS__Unattended__UpgradeUnattended=false\n");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("UpgradeUnattended is not true, so that the boot would wait for a person"));
  replace_file(site.path("site.env"), "ConnectionStrings__umbracoDbDSN='Data Source=elsewhere.db'\n");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("elsewhere.db"));
}

namespace {

/// What `dotnet publish` makes of a release, as far as the stand-in goes.
void publish(const fs::path& folder, const fs::path& like, const std::string& release) {
  for (const char* part : {"out", "App_Plugins", "wwwroot/css", "wwwroot/media"}) fs::create_directories(folder / part);
  for (const char* name : {"ctl", "site.py", "site.json"})
    if (folder != like) fs::copy_file(like / name, folder / name);
  replace_file(folder / "out/release", release + "\n");
  replace_file(folder / "Shop.deps.json", "{\n  \"libraries\": {\n    \"Umbraco.Cms/" + release + "\": {},\n    \"Umbraco.Cms.Core/" +
                                              release + "\": {},\n    \"Umbraco.Forms/13.0.0\": {}\n  }\n}\n");
  replace_file(folder / "App_Plugins/plugin.js", release);
  replace_file(folder / "wwwroot/css/site.css", release);
  replace_file(folder / ("only-" + release + ".dll"), release);
}

}  // namespace

TEST_CASE("a published Umbraco folder gets the program of another one, keeps its own data and settings, and goes back", "[umbraco]") {
  Site site("16.4.1");
  const TempFolder next;
  fs::remove(site.path("Shop.csproj"));
  publish(site.folder.path(), site.folder.path(), "16.4.1");
  publish(next.path(), site.folder.path(), "17.5.2");
  replace_file(next.path() / "appsettings.json", "{}");
  replace_file(site.path("wwwroot/media/picture"), "a picture");
  for (const char* member : {"build", "output"}) site.told(member, nullptr);
  const std::string settings = site.text("appsettings.json");
  site.start();

  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("Shop.deps.json") && ContainsSubstring("16.4.1"));
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3), ContainsSubstring("Shop.deps.json is a published folder"));
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.4.0", "--published", next.path().string()}, 3),
             ContainsSubstring(next.path().string() + " holds Shop.deps.json of 17.5.2, not Shop.deps.json of 17.4.0"));
  INFO(site.said({"umbraco/upgrade", "--to", "17.5.2", "--published", next.path().string(), "--yes"}, 0));
  CHECK(site.states() == umbraco::finals("17.5.2"));
  for (const char* file : {"App_Plugins/plugin.js", "wwwroot/css/site.css", "only-17.5.2.dll"}) CHECK(site.text(file) == "17.5.2");
  CHECK(site.text("appsettings.json") == settings);
  CHECK(site.text("wwwroot/media/picture") == "a picture");

  INFO(site.said({"rollback", "--yes"}, 0));
  CHECK(site.states() == umbraco::finals("16.4.1"));
  for (const char* file : {"App_Plugins/plugin.js", "wwwroot/css/site.css", "only-16.4.1.dll"}) CHECK(site.text(file) == "16.4.1");
  CHECK(site.text("out/release") == "16.4.1\n");
  CHECK_FALSE(fs::exists(site.path("only-17.5.2.dll")));
}
