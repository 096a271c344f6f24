// An Umbraco site in a container that is built from a Dockerfile: the image is made anew and the old one stays, whatever happens.
#include "tests/playbooks/umbraco/contained.h"

#include "tests/playbooks/umbraco/fixture.h"
#include "tests/support/matrix/check.h"

using namespace playbook;
using namespace playbook::testing;
using umbraco::finals;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kTo1752{"umbraco/upgrade", "--to", "17.5.2", "--accept", "untried", "--yes"};

struct ContainedSite : umbraco::Site {
  explicit ContainedSite(const std::string& release) : Site(release) {
    umbraco::contain(folder.path(), port);
    environment["PATH"] = path("bin").string() + ":" + std::getenv("PATH");
    environment["STAND_IN_DOCKER"] = path(".engine").string();
  }
  ~ContainedSite() { docker("compose down"); }

  std::string docker(const std::string& arguments) const { return umbraco::docker_in(folder.path(), arguments); }
  std::string container() const { return umbraco::contained_state(folder.path()); }
  Json compose() const { return parse_json(text("docker-compose.yml"), "docker-compose.yml"); }
  void compose(const Json& changed) const { replace_file(path("docker-compose.yml"), changed.dump()); }
  std::string project() const { return compose()["name"]; }
  std::vector<std::string> images() const {
    std::vector<std::string> names;
    for (const Json all = parse_json(text(".engine/images.json"), "images.json"); const auto& [name, image] : all.items())
      names.push_back(name.substr(name.find(project()) + project().size()));
    return names;
  }
};

/// With its database in the service umb_database, whose sqlcmd is that of the tests.
struct WithSqlServer : ContainedSite {
  WithSqlServer() : ContainedSite("16.4.1") {
    for (const char* name : {"bin", "bak"}) fs::create_directories(path(name));
    fs::copy_file(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/umbraco/sqlcmd", path("bin/sqlcmd"));
    Json images = parse_json(text(".engine/images.json"), "images.json"), file = compose();
    images["mssql:2022"] = {{"id", "sha256:" + std::string(64, '1')}, {"external", true}};
    replace_file(path(".engine/images.json"), images.dump());
    file["services"]["umb_database"] = {{"image", "mssql:2022"}};
    file["services"]["site"]["environment"]["ConnectionStrings__umbracoDbDSN"] =
        "Server=umb_database;Database=umbracoDb;User Id=sa;Password=${DB_PASSWORD};TrustServerCertificate=true;Connect Timeout=600";
    file["services"]["site"]["environment"]["ConnectionStrings__umbracoDbDSN_ProviderName"] = "Microsoft.Data.SqlClient";
    compose(file);
    replace_file(path(".env"), "DB_PASSWORD=hunter22\n");
    told("sqlserver", {{"folder", path("bak").string()}});
    docker("compose up -d");
    umbraco::await_page(folder.path(), port);
  }
};

size_t count_of(const std::string& text, const std::string& what) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

}  // namespace

TEST_CASE("an Umbraco site in a container gets a new image of its Dockerfile, and goes back to the old one by its id", "[umbraco]") {
  const ContainedSite site("16.4.1");
  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("running") && ContainsSubstring("umbraco/Data/Umbraco.sqlite.db"));
  CHECK_THAT(site.said({"check", "umbraco/upgrade", "--to", "17.5.2"}, 3),
             ContainsSubstring("its site runs in a container, of which no copy is made"));
  const std::string old = site.docker("image inspect " + site.project() + "-site");
  site.said(kTo1752, 0);
  CHECK(site.states() == finals("17.5.2"));
  CHECK(site.container() == "17.5.2 running always");
  CHECK(site.text("Dockerfile") ==
        "FROM mcr.microsoft.com/dotnet/aspnet:10.0-alpine AS base\nFROM mcr.microsoft.com/dotnet/sdk:10.0 AS build\n");
  CHECK(site.images() == std::vector<std::string>{"-site", "-site:16.4.1"});
  site.said({"umbraco/verify"}, 0);

  site.docker("rmi " + site.project() + "-site:16.4.1");  // somebody prunes: the set has it
  site.said({"rollback", "--yes"}, 0);
  CHECK(site.states() == finals("16.4.1"));
  CHECK(site.container() == "16.4.1 running always");
  CHECK(site.docker("image inspect " + site.project() + "-site") == old);
  CHECK_THAT(site.text("Dockerfile"), ContainsSubstring("aspnet:8.0-alpine"));
  site.said({"umbraco/verify"}, 0);
}

TEST_CASE("a container of Umbraco that dies in its migrations is booted once, not again and again, and the old one comes back",
          "[umbraco]") {
  const ContainedSite site("16.4.1");
  const SqliteFingerprint before = site.data();
  site.settings({{"fail", "7208B20D"}, {"dies", true}});
  const std::string said = site.said(kTo1752, 1);
  CHECK_THAT(said, ContainsSubstring("/umbraco/api/health/ready does not run any more, says docker top "));
  CHECK(count_of(site.log(), "failed at step") == 1);
  CHECK(differences(before, site.data()).empty());
  CHECK(site.container() == "16.4.1 running always");
  CHECK_THAT(site.text("Shop.csproj"), ContainsSubstring("\"16.4.1\""));
}

TEST_CASE("a build that leaves a container of Umbraco at its old image is no upgrade", "[umbraco]") {
  const ContainedSite site("17.4.0");
  site.told("build", {"true"});
  site.replace("Dockerfile", "aspnet:8.0", "aspnet:10.0");
  CHECK_THAT(site.said(kTo1752, 1), ContainsSubstring("site runs sha256:") && ContainsSubstring(", as before the build"));
  CHECK(site.container() == "17.4.0 running always");
}

TEST_CASE("an image of Umbraco whose tag is the release gets another tag, and the old one stays", "[umbraco]") {
  const ContainedSite site("17.4.0");
  Json compose = site.compose();
  compose["services"]["site"]["image"] = "registry.lan/shop:17.4.0";
  site.compose(compose);
  site.docker("compose build site");
  site.docker("compose up -d");
  umbraco::await_page(site.folder.path(), site.port);
  site.replace("Dockerfile", "aspnet:8.0", "aspnet:10.0");
  site.replace("Shop.csproj", "net8.0", "net10.0");

  site.said(kTo1752, 0);
  CHECK(site.compose()["services"]["site"]["image"] == "registry.lan/shop:17.5.2");
  CHECK(site.container() == "17.5.2 running always");
  CHECK_THAT(site.said({"umbraco/downgrade", "--to", "17.4.0", "--accept", "untried", "--yes"}, 0),
             ContainsSubstring("way back: build: the database is in the states of 17.4.0 already"));
  CHECK(site.compose()["services"]["site"]["image"] == "registry.lan/shop:17.4.0");
  CHECK(site.container() == "17.4.0 running always");
}

TEST_CASE("migrations of an Umbraco site in a container are run again on the site itself, where that is asked for", "[umbraco]") {
  const ContainedSite site("17.5.2");
  site.replace("Dockerfile", "aspnet:8.0", "aspnet:10.0");
  CHECK_THAT(site.said({"umbraco/rerun", "--from", "17.2.2"}, 3),
             ContainsSubstring("its site runs in a container, of which no copy is made"));
  site.said({"umbraco/rerun", "--from", "17.2.2", "--live", "--yes"}, 0);
  CHECK(site.states() == finals("17.5.2"));
  CHECK_THAT(site.log(), ContainsSubstring("Execute {MigrationType}"));
  CHECK(site.container() == "17.5.2 running always");
}

TEST_CASE("a container of Umbraco that would lose what it holds, or whose settings are not known, is refused by what is wrong",
          "[umbraco]") {
  const ContainedSite site("16.4.1");
  const Json whole = site.compose();
  const std::vector<std::string> check{"check", "umbraco/upgrade", "--to", "17.5.2", "--accept", "untried"};
  site.said(check, 0);
  auto with = [&](const std::function<void(Json & service)>& change) {
    Json changed = whole;
    change(changed["services"]["site"]);
    site.compose(changed);
    return site.said(check, 3);
  };
  CHECK_THAT(with([](Json& service) { service["volumes"].erase(1); }),
             ContainsSubstring("nothing that can be seen here is mounted at /app/umbraco/Logs"));
  CHECK_THAT(with([](Json& service) { service["volumes"].erase(0); }),
             ContainsSubstring("its database, /app/umbraco/Data/Umbraco.sqlite.db in service site, is in no folder and no volume"));
  CHECK_THAT(with([](Json& service) {
               service.erase("build");
               service["image"] = "registry.lan/shop:1";
             }),
             ContainsSubstring("service site is not built here: its image is registry.lan/shop:1"));
  site.compose(whole);
  site.told("service", {{"compose", "shop"}});
  CHECK_THAT(site.said(check, 3), ContainsSubstring("the compose project in . has no service shop"));
  site.told("service", {{"compose", "site"}});

  site.replace("Shop.csproj", "\"16.4.1\"", "\"16.4.0\"");  // built anew, and not started
  site.docker("compose build site");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("-site is sha256:") && ContainsSubstring(", and the container runs sha256:"));
  site.replace("Shop.csproj", "\"16.4.0\"", "\"16.4.1\"");
  site.docker("compose build site");

  replace_file(site.path(".dockerignore"), "bin\n");
  CHECK_THAT(site.said(check, 3), ContainsSubstring(".dockerignore does not leave out .playbook, where the backups are"));
  replace_file(site.path(".dockerignore"), "/.playbook/\n");
  site.replace("Dockerfile", "8.0-alpine", "8.0@sha256:0123");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("Dockerfile pins mcr.microsoft.com/dotnet/aspnet:8.0 to a digest"));
  replace_file(site.path("Dockerfile"), "FROM debian\n");
  CHECK_THAT(site.said(check, 3), ContainsSubstring("Dockerfile is made from no image whose tag tells its .NET"));
}

TEST_CASE("an Umbraco site in a container with SQL Server in another service is backed up by that service's sqlcmd", "[umbraco]") {
  const WithSqlServer site;
  CHECK_THAT(site.said({"inspect"}, 0), ContainsSubstring("database umbracoDb of SQL Server in service umb_database"));
  site.said({"backup", "create"}, 0);
  CHECK_THAT(site.text("said"), ContainsSubstring("backup database [umbracoDb] to disk = N'" + site.path("bak").string() +
                                                  "/playbook-umbracoDb.bak' with copy_only, checksum, init, format") &&
                                    ContainsSubstring("restore verifyonly from disk = N'") && !ContainsSubstring("hunter22"));
  CHECK(fs::is_empty(site.path("bak")));
}

TEST_CASE("an Umbraco site in a container with SQL Server in another service is upgraded, and goes back", "[.][umbraco][exhaustive]") {
  const WithSqlServer site;
  site.said(kTo1752, 0);
  CHECK(site.states() == finals("17.5.2"));
  CHECK(site.container() == "17.5.2 running always");
  site.said({"rollback", "--yes"}, 0);
  CHECK(site.states() == finals("16.4.1"));
  CHECK(site.container() == "16.4.1 running always");
}

TEST_CASE("umbraco/upgrade of a container holds at a sample of instants", "[umbraco][matrix]") {
  check_crash_matrix(umbraco::contained_upgrade("16.4.1", "17.5.2"), every(240, false, 140));
}

TEST_CASE("umbraco/upgrade of a container holds at every instant, forward and back", "[.][umbraco][matrix][exhaustive]") {
  check_crash_matrix(umbraco::contained_upgrade("16.4.1", "17.5.2"), {});
  check_crash_matrix(umbraco::contained_upgrade("16.4.1", "17.5.2", "7208B20D"), {});
  check_crash_matrix(umbraco::contained_upgrade("16.4.1", "17.5.2"), every(1, true));
}
