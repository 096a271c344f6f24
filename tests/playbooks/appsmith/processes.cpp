#include "tests/playbooks/appsmith/processes.h"

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/http/http.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/http_server.h"

namespace playbook::testing::appsmith {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReleases[] = {"1.8.15", "1.9.2", "1.66", "1.95", "1.99", "2.0", "2.1", "2.1.9", "2.2"};

/// Below the releases of both editions: their files and the programs that stand for those of an image.
struct Shared {
  TempFolder folder;

  Shared() {
    for (const char* edition : {"ce", "ee"})
      for (const std::string release : kReleases) {
        Json info{{"version", "v" + release}, {"commitUrl", "https://github.com/appsmithorg/appsmith/commit/0"}};
        if (edition == std::string("ee")) info["commitUrl"] = "https://github.com/appsmithorg/appsmith-ee/commit/0";
        if (release == "2.1.9") info["fails"] = true;
        folder.write(root(edition, release) / "opt/appsmith/info.json", info.dump());
      }
    for (const char* program : {"entrypoint", "appsmithctl", "supervisorctl", "mongodump", "mongorestore", "mongosh"}) {
      fs::create_directories(folder.path() / "programs");
      fs::create_symlink(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appsmith/image/appsmith.py",
                         folder.path() / "programs" / program);
    }
    fs::create_directory(folder.path() / "bin");
    fs::create_symlink(fs::path(PLAYBOOK_BINARY_DIR) / "stand-in-docker", folder.path() / "bin/docker");
    ::setenv("PATH", ((folder.path() / "bin").string() + ":" + std::getenv("PATH")).c_str(), 1);
  }

  static fs::path root(const std::string& edition, const std::string& release) { return edition + "-" + release; }
};

const Shared& shared() {
  static const Shared all;
  return all;
}

std::string reference(const std::string& edition, const std::string& release) {
  return "registry.test/appsmith/appsmith-" + edition + ":v" + release;
}

/// Sixty-four digits that tell one release from another.
std::string digest(const std::string& edition, const std::string& release) {
  const std::string text = std::to_string(std::hash<std::string>{}(edition + release));
  return "sha256:" + std::string(64 - text.size(), '0') + text;
}

Json registry_for(const fs::path& instance, int port) {
  Json images = Json::object();
  const fs::path programs = shared().folder.path() / "programs";
  for (const char* edition : {"ce", "ee"})
    for (const std::string release : kReleases) {
      const fs::path root = shared().folder.path() / Shared::root(edition, release);
      images[reference(edition, release)] = {{"id", digest(edition, release)},
                                             {"root", root.string()},
                                             {"env",
                                              {{"STAND_IN_STACKS", (instance / "stacks").string()},
                                               {"STAND_IN_PORT", std::to_string(port)},
                                               {"STAND_IN_INFO", (root / "opt/appsmith/info.json").string()},
                                               {"STAND_IN_ELSEWHERE", (instance / "elsewhere.json").string()},
                                               {"STAND_IN_FRESH_FCV", release == "2.0" || release == "2.1" ? "6.0" : ""},
                                               {"PATH", programs.string() + ":/usr/bin:/bin"}}},
                                             {"cmd", {(programs / "entrypoint").string()}}};
      if (images[reference(edition, release)]["env"]["STAND_IN_FRESH_FCV"] == "")
        images[reference(edition, release)]["env"].erase("STAND_IN_FRESH_FCV");
    }
  return images;
}

Json compose_file(const fs::path& instance, const std::string& image, int port) {
  std::string name = "smith";
  for (char c : instance.filename().string())
    if (std::isalnum(static_cast<unsigned char>(c))) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return {
      {"name", name},
      {"services",
       {{"appsmith",
         {{"image", image},
          {"restart", "unless-stopped"},
          {"ports", Json::array({{{"mode", "ingress"}, {"target", 80}, {"published", std::to_string(port)}, {"protocol", "tcp"}}})},
          {"volumes", Json::array({{{"type", "bind"}, {"source", (instance / "stacks").string()}, {"target", "/appsmith-stacks"}}})}}}}}};
}

void use_engine(const fs::path& instance) { ::setenv("STAND_IN_DOCKER", (instance / ".engine").c_str(), 1); }

std::string compose_in(const fs::path& instance, const std::string& arguments) {
  use_engine(instance);
  return output_of("docker compose " + arguments + " 2>&1", instance);
}

bool is_well(const fs::path& instance) {
  try {
    return make_http_client()->send({.url = "http://127.0.0.1:" + read_file(instance / "port") + "/api/v1/health"}).status == 200;
  } catch (const Error&) {
    return false;
  }
}

std::string only_container(const fs::path& instance) {
  return parse_json(read_file(instance / ".engine/containers.json"), "containers.json").begin().key();
}

std::string log_of(const fs::path& instance) {
  use_engine(instance);
  return output_of("docker logs " + only_container(instance) + " 2>&1", instance);
}

void wait_for(const fs::path& instance, const std::string& line) {
  for (int tries = 0; tries < 2000; ++tries) {
    if (line.empty() ? is_well(instance) : log_of(instance).find(line) != std::string::npos) return;
    ::usleep(10'000);
  }
  throw std::runtime_error("the stand-in Appsmith " + (line.empty() ? std::string("is not well") : "does not say: " + line));
}

Json database_of(const fs::path& instance) { return parse_json(read_file(instance / "stacks/data/mongodb/db.json"), "the database"); }

/// What must be equal again after a way back: all but the changes of the release itself, which is started anew.
std::string judge(const fs::path& instance, const std::string& old, const std::string& fresh) {
  const Json data = database_of(instance), containers = parse_json(read_file(instance / ".engine/containers.json"), "containers.json");
  std::string policy, image;
  for (const Json& container : containers) policy = container["policy"], image = container["image"];
  const std::string settings = read_file(instance / "stacks/configuration/docker.env"), file = read_file(instance / "docker-compose.yml");
  const bool well = is_well(instance),
             whole = data["rows"] == Json({{"workspace", 1}, {"application", 2}, {"newPage", 3}, {"newAction", 4}, {"datasource", 5}}) &&
                     data["failed"].empty();
  auto runs = [&](const std::string& release) { return image.substr(0, image.find('@')) == reference("ce", release); };
  if (well && whole && policy == "unless-stopped") {
    if (runs(old) && read_file(instance / "before.json") == Json(data).dump() && settings == read_file(instance / "before.env") &&
        file == read_file(instance / "before.yml"))
      return "old";
    if (runs(fresh) && data["changes"].back() == "change-of-v" + fresh) return "new";
  }
  return image + (well ? " is well" : " is not well") + ", policy " + policy + ", data " + data.dump() + ", before " +
         read_file(instance / "before.json");
}

}  // namespace

void lay_out(const fs::path& instance, const std::string& release, const std::string& edition) {
  shared();
  fs::create_directory(instance / ".engine");
  use_engine(instance);
  const int port = closed_port();
  const Json images = registry_for(instance, port);
  replace_file(instance / ".engine/registry.json", images.dump());
  replace_file(instance / ".engine/images.json", Json({{reference(edition, release), images[reference(edition, release)]}}).dump());
  replace_file(instance / "port", std::to_string(port));
  replace_file(instance / "docker-compose.yml", compose_file(instance, reference(edition, release), port).dump(1) + "\n");
  fs::create_directory(instance / "stacks");
  compose_in(instance, "up -d");
  wait_for(instance, "");
}

void stop(const fs::path& instance) { compose_in(instance, "down"); }

Processes::Processes(const std::string& release, const std::string& edition) { lay_out(folder(), release, edition); }
Processes::~Processes() {
  try {
    stop(folder());
  } catch (const std::exception&) {  // its processes end with the test program
  }
}

Finished Processes::run(std::vector<std::string> arguments) const {
  use_engine(folder());
  arguments.push_back("--yes");
  CommandProcess process(arguments, folder(), CommandProcess::On::pipes,
                         {{"STAND_IN_DOCKER", (folder() / ".engine").string()}, {"PATH", std::getenv("PATH")}});
  const int status = process.finish();
  return {status, process.out, process.err};
}

Json Processes::database() const { return database_of(folder()); }
void Processes::set_database(const Json& data) const { replace_file(folder() / "stacks/data/mongodb/db.json", data.dump()); }
std::string Processes::settings() const { return read_file(folder() / "stacks/configuration/docker.env"); }
void Processes::set_settings(const std::string& text) const { replace_file(folder() / "stacks/configuration/docker.env", text); }
std::string Processes::compose_text() const { return read_file(folder() / "docker-compose.yml"); }

std::string Processes::container() const {
  const Json containers = parse_json(read_file(folder() / ".engine/containers.json"), "containers.json");
  std::string text;
  for (const Json& one : containers) text += one["image"].get<std::string>() + " " + one["state"].get<std::string>() + "\n";
  return text;
}

void Processes::run_by_tag_alone(const std::string& release) const {
  const std::string file = compose_text();
  const std::string edition = file.find("appsmith-ee") != std::string::npos ? "ee" : "ce";
  Json parsed = parse_json(file, "the compose file");
  parsed["services"]["appsmith"]["image"] = reference(edition, release);
  replace_file(folder() / "docker-compose.yml", parsed.dump(1) + "\n");
  compose("pull");
  compose("up -d");
}

void Processes::wait(const std::string& line) const { wait_for(folder(), line); }
std::string Processes::compose(const std::string& arguments) const { return compose_in(folder(), arguments); }

std::string Processes::inside(const std::string& command) const {
  use_engine(folder());
  return output_of("docker exec " + only_container(folder()) + " " + command + " 2>&1", folder());
}

Scenario upgrade_scenario(const std::string& from, const std::string& to) {
  shared();
  Scenario scenario;
  scenario.slack = 12;
  scenario.name = "appsmith/upgrade " + from + " -> " + to;
  scenario.playbook = "appsmith/upgrade";
  scenario.params = {{"to", to}};
  scenario.accepts = {"unsure"};
  scenario.prepare = [from](const fs::path& instance) {
    lay_out(instance, from);
    replace_file(instance / "before.json", database_of(instance).dump());
    replace_file(instance / "before.env", read_file(instance / "stacks/configuration/docker.env"));
    replace_file(instance / "before.yml", read_file(instance / "docker-compose.yml"));
  };
  scenario.judge = [from, to](const fs::path& instance) { return judge(instance, from, to); };
  scenario.clean = stop;
  return scenario;
}

}  // namespace playbook::testing::appsmith
