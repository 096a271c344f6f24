// Umbraco on SQL Server, as far as it goes without one: a stand-in of sqlcmd, over the SQLite database of the stand-in site.
#include "tests/playbooks/umbraco/fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

struct OnSqlServer : umbraco::Site {
  explicit OnSqlServer(const std::string& release) : Site(release) {
    for (const char* name : {"bin", "bak"}) fs::create_directories(path(name));
    fs::copy_file(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/umbraco/sqlcmd", path("bin/sqlcmd"));
    connect("Server=localhost,1433;Database=Umbraco;User Id=sa;Password=hunter22;TrustServerCertificate=true;Connect Timeout=600");
    told("sqlserver", {{"folder", path("bak").string()}});
  }

  void connect(const std::string& connection) const {
    replace_file(path("appsettings.json"),
                 Json{{"ConnectionStrings", {{"umbracoDbDSN", connection}, {"umbracoDbDSN_ProviderName", "Microsoft.Data.SqlClient"}}},
                      {"Umbraco", {{"CMS", {{"Global", {{"UseHttps", false}}}, {"Unattended", {{"UpgradeUnattended", true}}}}}}}}
                     .dump());
  }
};

}  // namespace

TEST_CASE("umbraco/upgrade works on SQL Server as its sqlcmd is documented, and comes back by its BACKUP and RESTORE", "[umbraco]") {
  OnSqlServer site("16.4.1");
  site.start();
  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("database Umbraco of SQL Server on this machine"));
  CHECK_THAT(site.said({"umbraco/upgrade", "--to", "17.5.2", "--yes"}, 3),
             ContainsSubstring("its database is of SQL Server, of which no copy is made"));
  site.said({"umbraco/upgrade", "--to", "17.5.2", "--accept", "untried", "--yes"}, 0);
  CHECK(site.states() == umbraco::finals("17.5.2"));
  site.said({"umbraco/verify"}, 0);
  site.said({"rollback", "--yes"}, 0);
  CHECK(site.states() == umbraco::finals("16.4.1"));
  CHECK(fs::is_empty(site.path("bak")));
  CHECK_THAT(site.text("said"), !ContainsSubstring("hunter22"));
}

TEST_CASE("states are written by force into SQL Server in one transaction, from what is expected alone", "[umbraco]") {
  OnSqlServer site("17.5.2");
  site.start();
  site.said({"umbraco/downgrade", "--to", "17.2.2", "--force-states", "--accept", "untried", "--yes"}, 0);
  CHECK(site.states() == umbraco::finals("17.2.2"));
  CHECK_THAT(site.text("said"),
             ContainsSubstring("set nocount on; set xact_abort on; begin transaction; update [umbracoKeyValue] set [value] = "
                               "N'{A7B8C9D0-E1F2-4A5B-8C7D-9E0F1A2B3C4D}' where [key] = N'Umbraco.Core.Upgrader.State+Umbraco.Core' and "
                               "[value] collate Latin1_General_100_BIN2 = N'{3F9B6A1C-7D84-4E2B-9C15-6A2E8F3D5B47}'; if @@rowcount <> 1 "
                               "throw 50001, N'Umbraco.Core.Upgrader.State+Umbraco.Core is not as expected', 1; commit transaction"));
}

TEST_CASE("a connection to SQL Server that an upgrade would break or outlast is refused", "[umbraco]") {
  const OnSqlServer site("16.4.1");
  site.connect("Server=localhost;Database=Umbraco;User Id=sa;Password=hunter22;Connection Timeout=30");
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
             ContainsSubstring("the connection string has no TrustServerCertificate=True") &&
                 ContainsSubstring("Connect Timeout is 30 seconds, which is that of a migration's statements too"));
}

TEST_CASE("a SQL Server that cannot be backed up from here is refused by its name", "[umbraco]") {
  OnSqlServer site("16.4.1");
  site.connect("Server=tcp:db.lan,1433;Database=Umbraco;User Id=sa;Password=hunter22");
  CHECK_THAT(site.said({"umbraco/verify"}, 3),
             ContainsSubstring("its SQL Server is tcp:db.lan,1433, and a backup of it is written on that machine"));
  site.connect("Server=localhost;Database=Umbraco;Integrated Security=true");
  CHECK_THAT(site.said({"umbraco/verify"}, 3), ContainsSubstring("the connection string names no database or no user"));
  site.connect("Server=localhost;Database=Umbraco;User Id=sa;Password=wrong-one");
  CHECK_THAT(site.said({"umbraco/verify"}, 3), ContainsSubstring("SQL Server this host, database Umbraco: Login failed for user 'sa'."));
}
