#include "tests/playbooks/umbraco/site.h"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/database/sqlite.h"
#include "runtime/http/http.h"
#include "tests/support/crash.h"
#include "tests/support/http_server.h"

namespace playbook::testing::umbraco {
namespace {

namespace fs = std::filesystem;

const fs::path kParts = fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/umbraco";
const fs::path kTable = fs::path(PLAYBOOK_SOURCE_DIR) / "playbooks/umbraco/data/states.json";

const Json& table() {
  static const Json read = parse_json(read_file(kTable), "the table of states");
  return read;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) text.replace(at, what.size(), with);
  return text;
}

void must(const std::string& command) {
  if (shell(command) != 0) throw std::runtime_error(command + " failed");
}

int port_of(const fs::path& folder) { return parse_json(read_file(folder / "site.json"), "site.json").at("port").get<int>(); }

/// What its first page answers, 0 where nobody does.
int answer(int port) {
  try {
    return make_http_client()->send({.url = "http://127.0.0.1:" + std::to_string(port) + "/"}).status;
  } catch (const Error&) {
    return 0;
  }
}

std::string judge(const fs::path& folder, const std::string& from, const std::string& to) {
  const std::string project = read_file(folder / "Shop.csproj"), built = read_file(folder / "out/release"), found = states(folder);
  const int status = first_status(folder), rows = value_count(folder);
  auto is = [&](const std::string& release, const char* framework) {
    return found == finals(release) && built == release + "\n" && project.find("Version=\"" + release + "\"") != std::string::npos &&
           project.find(framework) != std::string::npos && status == 200 && rows == 3;
  };
  if (is(from, "net8.0")) return "old";
  if (is(to, "net10.0")) return "new";
  return "states " + found + ", built " + built + ", answers " + std::to_string(status) + ", " + std::to_string(rows) + " values, " +
         project;
}

}  // namespace

void set(const fs::path& folder, int port, Json more) {
  more["port"] = port;
  if (!more.contains("table")) more["table"] = kTable.string();
  replace_file(folder / "site.json", more.dump());
}

void lay_out(const fs::path& folder, const std::string& release, int port) {
  for (const char* name : {"ctl", "build", "site.py"}) fs::copy_file(kParts / name, folder / name);
  fs::create_directories(folder / "umbraco/Data");
  replace_file(folder / "Shop.csproj", R"(<Project Sdk="Microsoft.NET.Sdk.Web">
  <PropertyGroup>
    <TargetFramework>net8.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Umbraco.Cms" Version=")" +
                                           release + R"(" />
  </ItemGroup>
</Project>
)");
  replace_file(folder / "appsettings.json", R"(// ours
{ "ConnectionStrings": {
    "umbracoDbDSN": "Data Source=|DataDirectory|/Umbraco.sqlite.db;Cache=Shared;Foreign Keys=True",
    "umbracoDbDSN_ProviderName": "Microsoft.Data.Sqlite" },
  "Umbraco": { "CMS": { "Imaging": { "HMACSecretKey": "c2l4dGVlbiBieXRlcw==" }, "Global": { "UseHttps": false }, "Unattended": { "UpgradeUnattended": true, }, }, }, }
)");
  replace_file(
      folder / "playbook.json", R"({ "service": { "start": ["./ctl", "start"], "stop": ["./ctl", "stop"], "status": ["./ctl", "status"] },
  "url": "http://127.0.0.1:)" + std::to_string(port) +
                                    R"(", "build": ["./build"], "output": "out", "run": ["python3", "site.py"], "key_ring": "ring" }
)");
  fs::create_directory(folder / "ring");
  replace_file(folder / "ring/key-a.xml", "<key id=\"a\" version=\"1\"><creationDate>2026-01-01T00:00:00Z</creationDate></key>");
  set(folder, port, Json::object());
  const Json& ends = table()["releases"][release];
  const std::string sql = replaced(read_file(kParts / "site.sql"), "@CORE@", ends["core"]);
  Sqlite(folder / kDatabase, Sqlite::Mode::create).script(replaced(sql, "@PRE@", get_or<std::string>(ends, "pre", "")));
  must("cd " + folder.string() + " && ./build");
}

void start(const fs::path& folder, int port) {
  must("cd " + folder.string() + " && ./ctl start");
  await_page(folder, port);
}

void await_page(const fs::path& folder, int port) {
  for (auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1); answer(port) != 200;) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the stand-in site in " + folder.string() + " does not answer");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

int first_status(const fs::path& folder) { return answer(port_of(folder)); }

int value_count(const fs::path& folder) {
  return Sqlite(folder / kDatabase, Sqlite::Mode::read).scalar("select count(*) from umbracoPropertyData").get<int>();
}

void stop(const fs::path& folder) { shell("cd " + folder.string() + " && ./ctl stop"); }

std::string states(const fs::path& folder) {
  return Sqlite(folder / kDatabase, Sqlite::Mode::read)
      .scalar(
          "select group_concat(value, ' ') from (select value from umbracoKeyValue where \"key\" like 'Umbraco.Core.Upgrader.State+%' "
          "order by \"key\")")
      .get<std::string>();
}

std::string finals(const std::string& release) {
  const Json& ends = table()["releases"][release];
  const std::string pre = get_or<std::string>(ends, "pre", "");
  return ends["core"].get<std::string>() + (pre.empty() ? "" : " " + pre);
}

Scenario upgrade(const std::string& from, const std::string& to, const std::string& fail) {
  Scenario scenario;
  scenario.name = "umbraco/upgrade to " + to + (fail.empty() ? "" : ", which fails");
  scenario.playbook = "umbraco/upgrade";
  scenario.params = {{"to", to}};
  scenario.prepare = [=](const fs::path& folder) {
    const int port = closed_port();
    lay_out(folder, from, port);
    start(folder, port);
    if (!fail.empty()) set(folder, port, {{"fail", fail}, {"only_live", true}});
  };
  scenario.judge = [=](const fs::path& folder) { return judge(folder, from, to); };
  scenario.clean = stop;
  scenario.ends = fail.empty() ? "new" : "old";
  scenario.kill_on_the_way_back = !fail.empty();
  return scenario;
}

Scenario downgrade(const std::string& from, const std::string& to) {
  Scenario scenario;
  scenario.name = "umbraco/downgrade to " + to + " by force";
  scenario.playbook = "umbraco/downgrade";
  scenario.params = {{"to", to}, {"force_states", true}};
  scenario.prepare = [=](const fs::path& folder) {
    const int port = closed_port();
    lay_out(folder, from, port);
    start(folder, port);
  };
  scenario.judge = [=](const fs::path& folder) {
    const std::string found = states(folder), built = read_file(folder / "out/release");
    const int status = first_status(folder);
    for (const auto& [release, verdict] : {std::pair(from, "old"), std::pair(to, "new")})
      if (found == finals(release) && built == release + "\n" && status == 200 &&
          read_file(folder / "Shop.csproj").find("Version=\"" + release + "\"") != std::string::npos)
        return std::string(verdict);
    return "states " + found + ", built " + built + ", answers " + std::to_string(status);
  };
  scenario.clean = stop;
  return scenario;
}

}  // namespace playbook::testing::umbraco
