#include "tests/playbooks/umbraco/contained.h"

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/playbooks/umbraco/site.h"
#include "tests/support/crash.h"
#include "tests/support/http_server.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing::umbraco {
namespace {

namespace fs = std::filesystem;

const std::string kPolicy = "always";

/// What the stand-in `docker` takes for the image of this project: it knows the release of the project that was built.
constexpr const char* kImage = R"sh(#!/bin/sh
release=$(sed -n 's/.*Include="Umbraco.Cms" Version="\([^"]*\)".*/\1/p' Shop.csproj)
grep -q "aspnet:$(sed -n 's/.*<TargetFramework>net\([0-9.]*\)<.*/\1/p' Shop.csproj)" Dockerfile || { echo "the base image has another .NET" >&2; exit 1; }
id=$(echo "$release" | sha256sum | cut -c 1-64)
printf '{"id": "sha256:%s", "env": {"STAND_IN_RELEASE": "%s", "PATH": "/usr/bin:/bin"}, "cmd": ["%s/in-container"]}' "$id" "$release" "$PWD"
)sh";

void use_engine_of(const fs::path& folder) {
  static const TempFolder programs;
  if (!fs::exists(programs.path() / "docker")) {
    fs::create_symlink(fs::path(PLAYBOOK_BINARY_DIR) / "stand-in-docker", programs.path() / "docker");
    ::setenv("PATH", (programs.path().string() + ":" + std::getenv("PATH")).c_str(), 1);
  }
  ::setenv("STAND_IN_DOCKER", (folder / ".engine").c_str(), 1);
}

/// Whatever the old state was, all of it is there, or all of the new one is.
std::string judge_contained(const fs::path& folder, const std::string& from, const std::string& to) {
  const std::string project = read_file(folder / "Shop.csproj"), dockerfile = read_file(folder / "Dockerfile"), found = states(folder),
                    container = contained_state(folder);
  auto is = [&](const std::string& release, const std::string& framework) {
    return found == finals(release) && container == release + " running " + kPolicy && value_count(folder) == 3 &&
           first_status(folder) == 200 && project.find("Version=\"" + release + "\"") != std::string::npos &&
           project.find("net" + framework) != std::string::npos && dockerfile.find("aspnet:" + framework + "-") != std::string::npos;
  };
  if (is(from, "8.0")) return "old";
  if (is(to, "10.0")) return "new";
  return "states " + found + ", container " + container + ", answers " + std::to_string(first_status(folder)) + ", " + dockerfile + project;
}

}  // namespace

std::string docker_in(const fs::path& folder, const std::string& arguments) {
  use_engine_of(folder);
  return output_of("docker " + arguments + " 2>&1", folder);
}

void contain(const fs::path& folder, int port) {
  use_engine_of(folder);
  fs::create_directory(folder / ".engine");
  for (const char* kept : {"umbraco/Logs", "wwwroot/media"}) fs::create_directories(folder / kept);
  Json volumes = Json::array();
  for (const char* kept : {"umbraco/Data", "umbraco/Logs", "wwwroot/media"})
    volumes.push_back({{"type", "bind"}, {"source", (folder / kept).string()}, {"target", std::string("/app/") + kept}});
  std::string name = "shop";
  for (char c : folder.filename().string())
    if (std::isalnum(static_cast<unsigned char>(c))) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const Json compose{
      {"name", name},
      {"services",
       {{"site",
         {{"build", {{"context", folder.string()}, {"dockerfile", "Dockerfile"}}},
          {"restart", kPolicy},
          {"environment",
           {{"ConnectionStrings__umbracoDbDSN", "Data Source=|DataDirectory|/${DATABASE}.sqlite.db;Cache=Shared"},
            {"ConnectionStrings__umbracoDbDSN_ProviderName", "Microsoft.Data.Sqlite"}}},
          {"ports", Json::array({{{"mode", "ingress"}, {"target", 8080}, {"published", std::to_string(port)}, {"protocol", "tcp"}}})},
          {"volumes", volumes}}}}}};
  replace_file(folder / "docker-compose.yml", compose.dump(1) + "\n");
  replace_file(folder / ".env", "DATABASE=Umbraco\n");
  replace_file(folder / ".dockerignore", "**/.playbook\n");
  replace_file(folder / "Dockerfile",
               "FROM mcr.microsoft.com/dotnet/aspnet:8.0-alpine AS base\nFROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\n");
  replace_file(folder / "image", kImage, 0755);
  replace_file(folder / "in-container", "#!/bin/sh\ncd " + folder.string() + "\nexec python3 site.py\n", 0755);
  replace_file(
      folder / "playbook.json",
      Json({{"service", {{"compose", "site"}}}, {"url", "http://127.0.0.1:" + std::to_string(port)}, {"key_ring", "ring"}}).dump());
  docker_in(folder, "compose build site");
  docker_in(folder, "compose up -d");
  await_page(folder, port);
}

std::string contained_state(const fs::path& folder) {
  const Json containers = parse_json(read_file(folder / ".engine/containers.json"), "containers.json");
  std::vector<std::string> all;
  for (const Json& one : containers)
    if (one.at("service") == "site")
      all.push_back(one.at("env").at("STAND_IN_RELEASE").get<std::string>() + " " + one.at("state").get<std::string>() + " " +
                    one.at("policy").get<std::string>());
  return join(all, ", ");
}

Scenario contained_upgrade(const std::string& from, const std::string& to, const std::string& fail) {
  Scenario scenario;
  scenario.name = "umbraco/upgrade of a container to " + to + (fail.empty() ? "" : ", which fails");
  scenario.playbook = "umbraco/upgrade";
  scenario.params = {{"to", to}};
  scenario.accepts = {"untried"};
  scenario.slack = 8;
  scenario.prepare = [=](const fs::path& folder) {
    const int port = closed_port();
    lay_out(folder, from, port);
    contain(folder, port);
    if (!fail.empty()) set(folder, port, {{"fail", fail}});
  };
  scenario.judge = [=](const fs::path& folder) { return judge_contained(folder, from, to); };
  scenario.clean = [](const fs::path& folder) { docker_in(folder, "compose down"); };
  scenario.ends = fail.empty() ? "new" : "old";
  scenario.kill_on_the_way_back = !fail.empty();
  return scenario;
}

}  // namespace playbook::testing::umbraco
