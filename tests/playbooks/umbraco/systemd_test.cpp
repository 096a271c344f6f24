// An Umbraco site that a systemd unit runs, with a stand-in of systemctl: its settings are the unit's, and nothing restarts it while a
// new build meets the database.
#include "tests/playbooks/umbraco/fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

struct UnitSite : umbraco::Site {
  explicit UnitSite(const std::string& release) : Site(release) {
    fs::create_directory(path("bin"));
    fs::copy_file(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/umbraco/systemctl", path("bin/systemctl"));
    unit("Umbraco__CMS__Unattended__UpgradeUnattended=true");
    replace_file(path("enabled"), "enabled\n");
    replace_file(path("loaded"), "always\n");
    told("service", {{"systemd", "shop.service"}});
    start();
  }
  void unit(const std::string& variable) const {
    replace_file(path("shop.service"), "[Service]\nEnvironment=" + variable + "\nExecStart=/usr/bin/dotnet out/Shop.dll\nRestart=always\n");
  }
  void is_as_it_was() const {
    CHECK(text("enabled") == "enabled\n");
    CHECK(text("loaded") == "always\n");
    CHECK_FALSE(fs::exists(path("run/systemd/system/shop.service.d")));
  }
};

}  // namespace

TEST_CASE("an Umbraco site of a systemd unit is upgraded, and systemd restarts nothing meanwhile", "[umbraco]") {
  const UnitSite site("16.4.1");
  site.said({"umbraco/upgrade", "--to", "17.5.2", "--yes"}, 0);
  CHECK(site.states() == umbraco::finals("17.5.2"));
  site.is_as_it_was();
  CHECK_THAT(site.text("systemctl.calls"), ContainsSubstring("disable -- shop.service") && ContainsSubstring("daemon-reload") &&
                                               !ContainsSubstring("systemd would restart it"));
}

TEST_CASE("an Umbraco build of a systemd unit that dies as it boots is not waited for, and the old one comes back", "[umbraco]") {
  const UnitSite site("16.4.1");
  site.settings({{"fail", "7208B20D"}, {"only_live", true}, {"dies", true}});
  CHECK_THAT(site.said({"umbraco/upgrade", "--to", "17.5.2", "--yes"}, 1),
             ContainsSubstring("does not run any more, says systemctl is-active --quiet -- shop.service; last: "));
  CHECK(site.states() == umbraco::finals("16.4.1"));
  site.is_as_it_was();
}

TEST_CASE("settings of an Umbraco site's systemd unit win over its appsettings", "[umbraco]") {
  const UnitSite site("16.4.1");
  const std::vector<std::string> check{"check", "umbraco/upgrade", "--to", "17.5.2"};
  site.unit("Umbraco__CMS__Unattended__UpgradeUnattended=false");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("UpgradeUnattended is not true, so that the boot would wait for a person"));
  site.unit("ConnectionStrings__umbracoDbDSN=\"Data Source=elsewhere.db\"");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("elsewhere.db"));
}
