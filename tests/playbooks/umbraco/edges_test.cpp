// What lies at the edges of an Umbraco upgrade: a claim that a backup carries, caches of another release, packages pinned for a whole
// solution, a .NET that is not there, states that are known but final of nothing.
#include "tests/playbooks/umbraco/fixture.h"

using namespace playbook;
using namespace playbook::testing;
using umbraco::Site;
namespace fs = std::filesystem;

namespace {

constexpr const char* kClaim =
    "insert into umbracoKeyValue(\"key\", value) values ('Umbraco.Core.Upgrader.Lock', 'host|2026-01-01T00:00:00Z')";

}  // namespace

TEST_CASE("a set that holds the claim of a migrating process comes back without it, and without the caches of the newer release",
          "[umbraco]") {
  Site site("17.4.0");
  site.execute(kClaim);
  site.said({"backup", "create"}, 0);
  const fs::path set = fs::directory_iterator(site.path(".playbook/backups"))->path();
  site.execute("delete from umbracoKeyValue where value like 'host%'");
  site.replace("Shop.csproj", "17.4.0", "17.5.2");
  replace_file(site.path("out/release"), "17.5.2\n");
  fs::create_directories(site.path("umbraco/Data/TEMP/InMemoryAuto"));
  site.start();

  CHECK_THAT(site.said({"umbraco/downgrade", "--to", "17.4.0", "--set", set.filename().string(), "--yes"}, 0),
             ContainsSubstring("way back: restore: " + set.filename().string()));
  CHECK(site.text("out/release") == "17.4.0\n");
  CHECK(site.scalar("select value from umbracoKeyValue where \"key\" = 'Umbraco.Core.Upgrader.Lock'") == "");
  CHECK_FALSE(fs::exists(site.path("umbraco/Data/TEMP")));
}

TEST_CASE("packages of an Umbraco project that are pinned in Directory.Packages.props move together, or are refused", "[umbraco]") {
  Site site("16.4.1");
  site.replace("Shop.csproj", " Version=\"16.4.1\"", "");
  const std::string props = R"(<Project><ItemGroup>
  <PackageVersion Include="Umbraco.Cms" Version="16.4.1" />
  <PackageVersion Include="Umbraco.Cms.Api.Delivery" Version="16.4.1" />
  <PackageVersion Include="Umbraco.Forms" Version="16.0.0" />
</ItemGroup></Project>
)";
  replace_file(site.path("Directory.Packages.props"), props);
  const std::string said = site.said({"umbraco/upgrade", "--to", "17.5.2", "--plan", "--override", "site_runs", "--reason", "a plan"}, 0);
  CHECK_THAT(said, ContainsSubstring("+  <PackageVersion Include=\"Umbraco.Cms\" Version=\"17.5.2\" />") &&
                       ContainsSubstring("+  <PackageVersion Include=\"Umbraco.Cms.Api.Delivery\" Version=\"17.5.2\" />") &&
                       !ContainsSubstring("+  <PackageVersion Include=\"Umbraco.Forms\""));
  site.replace("Directory.Packages.props", "Delivery\" Version=\"16.4.1\"", "Delivery\" Version=\"16.3.0\"");
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
             ContainsSubstring("Directory.Packages.props: Umbraco.Cms.Api.Delivery is 16.3.0, Umbraco.Cms 16.4.1"));
}

TEST_CASE("an Umbraco release whose .NET is not installed is refused, and so is a lock file of another release", "[umbraco]") {
  Site site("16.4.1");
  fs::create_directory(site.path("bin"));
  replace_file(site.path("bin/dotnet"), "#!/bin/sh\necho 'Microsoft.AspNetCore.App 9.0.1 [/usr/share/dotnet/shared]'\n", 0755);
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
             ContainsSubstring("17.5.2 needs ASP.NET Core 10, and `dotnet --list-runtimes` does not name it"));
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "16.4.1"}, 3), !ContainsSubstring("needs ASP.NET Core"));
  replace_file(site.path("packages.lock.json"),
               R"({"version": 1, "dependencies": {"net9.0": {"Umbraco.Cms": {"type": "Direct", "resolved": "16.3.0"}}}})");
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
             ContainsSubstring("packages.lock.json: Umbraco.Cms is 16.3.0, Umbraco.Cms 16.4.1"));
}

TEST_CASE("an address that 17 leads to HTTPS, and media that are kept elsewhere, are in the way of an Umbraco upgrade", "[umbraco]") {
  Site site("16.4.1");
  site.replace("appsettings.json", "\"UseHttps\": false", "\"UseHttps\": true");
  site.replace("Shop.csproj", "<PackageReference Include=\"Umbraco.Cms\"",
               "<PackageReference Include=\"Umbraco.StorageProviders.AzureBlob\" Version=\"16.0.0\" />\n    <PackageReference "
               "Include=\"Umbraco.Cms\"");
  CHECK_THAT(
      site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
      ContainsSubstring("UseHttps is true: http://127.0.0.1:") && ContainsSubstring(" would lead to HTTPS") &&
          ContainsSubstring("Shop.csproj keeps its media elsewhere, by Umbraco.StorageProviders.AzureBlob: no backup here holds it"));
  const std::string accepted = site.said({"check", "umbraco/upgrade", "--to", "16.4.2", "--accept", "media"}, 3);
  CHECK_THAT(accepted, !ContainsSubstring("lead to HTTPS") && !ContainsSubstring("keeps its media elsewhere"));
}

TEST_CASE("a state that releases pass through and end in nowhere is told as what it is", "[umbraco]") {
  Site site("17.5.2");
  site.execute("update umbracoKeyValue set value = '26179D88-58CE-4C92-B4A4-3CBA6E7188AC' where \"key\" like '%+Umbraco.Core'");
  site.execute("insert into umbracoKeyValue(\"key\", value) values ('Umbraco.Core.Upgrader.State+UmbracoForms', '{A}')");
  CHECK_THAT(site.said({"inspect"}, 0),
             ContainsSubstring("between releases: an upgrade was not finished") && ContainsSubstring("UmbracoForms"));
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "18.0.2"}, 3),
             ContainsSubstring("UmbracoForms is in state {A}: a later patch of an older line writes states that an earlier patch of a "
                               "newer line does not know"));
}
