// An Umbraco site in a container, on a real Docker engine with real Compose, which builds it from a Dockerfile: the image holds a stand-in
// of the site, and its base images carry the names of Microsoft's.
#include <cstdlib>
#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/playbooks/umbraco/site.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

/// python3 with what the stand-in needs, under the names of two releases of ASP.NET.
void make_base_images() {
  const std::string base = std::string(std::getenv("PLAYBOOK_TEST_REGISTRY")) + "/umbraco/base:1";
  TempFolder context;
  context.write("Dockerfile", "FROM scratch\nCOPY rootfs/ /\nENV PATH=/usr/bin:/bin\n");
  output_of(
      std::string(std::getenv("PLAYBOOK_TESTBED")) + "/image build " + base + " " + context.path().string() +
      " /usr/bin/python3 /bin/sh /usr/bin/sed $(cd /usr/lib && find $PWD/python3.* -name '*.py' -maxdepth 1; cd /usr/lib/python3.*[0-9] && "
      "find $PWD/lib-dynload $PWD/sqlite3 $PWD/collections $PWD/email $PWD/html $PWD/http $PWD/importlib $PWD/json $PWD/re $PWD/urllib "
      "$PWD/encodings/__init__.py $PWD/encodings/aliases.py $PWD/encodings/ascii.py $PWD/encodings/idna.py "
      "$PWD/encodings/latin_1.py $PWD/encodings/utf_8.py -type f -not -name '*.pyc')");
  for (const char* release : {"8.0", "10.0"}) output_of("docker tag " + base + " mcr.microsoft.com/dotnet/aspnet:" + release);
}

constexpr const char* kDockerfile = R"(FROM mcr.microsoft.com/dotnet/aspnet:8.0 AS base
WORKDIR /app
COPY Shop.csproj appsettings.json site.json site.py states.json /app/
ENTRYPOINT ["/bin/sh", "-c", "export STAND_IN_RELEASE=$(sed -n 's/.*Include=\"Umbraco.Cms\" Version=\"\\([^\"]*\\)\".*/\\1/p' Shop.csproj); exec python3 site.py"]
)";

/// As the vendor's template has it: the data in volumes, `restart: always`.
constexpr const char* kCompose = R"(name: umbshop
services:
  umbraco:
    build: { context: ., dockerfile: Dockerfile }
    environment:
      - ConnectionStrings__umbracoDbDSN=Data Source=|DataDirectory|/${DB_FILE:-Umbraco}.sqlite.db;Cache=Shared
      - ConnectionStrings__umbracoDbDSN_ProviderName=Microsoft.Data.Sqlite
    ports: ["127.0.0.1:44371:8080"]
    volumes: ["umb_data:/app/umbraco", "umb_logs:/app/umbraco/Logs", "./wwwroot/media:/app/wwwroot/media"]
    restart: always
volumes: { umb_data: {}, umb_logs: {} }
)";

class BuiltSite {
 public:
  explicit BuiltSite(const std::string& release) {
    make_base_images();
    umbraco::lay_out(folder_.path(), release, kPort);
    fs::create_directories(path("wwwroot/media"));
    fs::copy_file(fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/umbraco/data/states.json", path("states.json"));
    settings(Json::object());
    replace_file(path("Dockerfile"), kDockerfile);
    replace_file(path("docker-compose.yml"), kCompose);
    replace_file(path(".dockerignore"), "**/.playbook\n");
    replace_file(path("playbook.json"), Json({{"service", {{"compose", "umbraco"}}},
                                              {"url", "http://127.0.0.1:44371"},
                                              {"build", {"env", "DOCKER_BUILDKIT=0", "docker", "compose", "build", "umbraco"}}})
                                            .dump());
    output_of("DOCKER_BUILDKIT=0 docker compose build umbraco 2>&1 && docker compose up --no-start 2>&1", folder_.path());
    data_ = volume("umb_data");
    fs::create_directory(data_ / "Data");
    Sqlite(path(umbraco::kDatabase), Sqlite::Mode::write).copy_to(data_ / "Data/Umbraco.sqlite.db");
    output_of("docker compose up -d 2>&1", folder_.path());
    umbraco::await_page(folder_.path(), kPort);
  }
  ~BuiltSite() {
    try {
      output_of("docker compose down --volumes --timeout 1 2>&1", folder_.path());
    } catch (const std::exception&) {  // what a failed test left is gone with the bed
    }
  }
  BuiltSite(const BuiltSite&) = delete;
  BuiltSite& operator=(const BuiltSite&) = delete;

  /// Baked into the next image.
  void settings(Json more) const {
    more.update({{"table", "states.json"}, {"address", "0.0.0.0"}});
    umbraco::set(folder_.path(), 8080, more);
  }
  std::string said(const std::vector<std::string>& arguments, int status) const {
    const Finished done = run_playbook(arguments, folder_.path());
    INFO(done.out << done.err);
    CHECK(done.status == status);
    return done.out + done.err;
  }
  std::string text(const std::string& file) const { return read_file(path(file)); }
  std::string core() const {
    return Sqlite(data_ / "Data/Umbraco.sqlite.db", Sqlite::Mode::read)
        .scalar("select value from umbracoKeyValue where \"key\" = 'Umbraco.Core.Upgrader.State+Umbraco.Core'");
  }
  std::string log() const { return output_of("cat " + volume("umb_logs").string() + "/*.json"); }
  /// Its image's id and restart policy, and whether it runs.
  std::string container() const {
    return output_of("docker inspect --format '{{.Image}} {{.HostConfig.RestartPolicy.Name}} {{.State.Status}}' umbshop-umbraco-1");
  }

 private:
  static constexpr int kPort = 44371;
  fs::path path(const std::string& name) const { return folder_.path() / name; }
  static fs::path volume(const std::string& name) {
    const std::string said = output_of("docker volume inspect --format '{{.Mountpoint}}' umbshop_" + name);
    return said.substr(0, said.find('\n'));
  }

  TempFolder folder_;
  fs::path data_;
};

}  // namespace

TEST_CASE("an Umbraco site that Compose builds is upgraded, goes back to its old image, and survives a build that dies",
          "[.][umbraco][exhaustive]") {
  const BuiltSite site("16.4.1");
  const std::string old = site.container(), core = site.core();
  CHECK_THAT(old, ContainsSubstring("always running"));
  const std::vector<std::string> upgrade{"umbraco/upgrade", "--to", "17.5.2", "--accept", "untried", "--yes"};
  site.said(upgrade, 0);
  CHECK(umbraco::finals("17.5.2").starts_with(site.core()));
  CHECK_THAT(site.container(), ContainsSubstring("always running") && !ContainsSubstring(old));
  CHECK_THAT(site.text("Dockerfile"), ContainsSubstring("aspnet:10.0 AS base"));
  CHECK_THAT(output_of("docker images --format '{{.Repository}}:{{.Tag}}'"), ContainsSubstring("umbshop-umbraco:16.4.1\n"));
  site.said({"umbraco/verify"}, 0);

  output_of("docker rmi umbshop-umbraco:16.4.1");  // somebody prunes: the set has it
  site.said({"rollback", "--yes"}, 0);
  CHECK(site.core() == core);
  CHECK(site.container() == old);
  site.said({"umbraco/verify"}, 0);

  site.settings({{"fail", "7208B20D"}, {"dies", true}});
  CHECK_THAT(site.said(upgrade, 1), ContainsSubstring("does not run any more, says docker top "));
  const std::string log = site.log();
  CHECK(log.find("failed at step") != std::string::npos);
  CHECK(log.find("failed at step") == log.rfind("failed at step"));  // it was booted once
  CHECK(site.core() == core);
  CHECK(site.container() == old);
}
