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
        const fs::path image = root(edition, release);
        folder.write(image / "stand-in.json", info.dump());
        if (is_old(release))
          folder.write(image / "opt/appsmith/rts/version.js", "exports.VERSION = \"v" + release + "\";\n");
        else
          folder.write(image / "opt/appsmith/info.json", info.dump());
      }
    for (const char* folder_of : {"programs", "old-programs"})
      for (const std::string program : {"entrypoint", "appsmithctl", "supervisorctl", "mongodump", "mongorestore", "mongosh"}) {
        fs::create_directories(folder.path() / folder_of);
        const bool old_shell = program == "mongosh" && folder_of == std::string("old-programs");
        fs::create_symlink(fs::path(PLAYBOOK_SOURCE_DIR) / "tests/playbooks/appsmith/image/appsmith.py",
                           folder.path() / folder_of / (old_shell ? "mongo" : program));
      }
    fs::create_directory(folder.path() / "bin");
    fs::create_symlink(fs::path(PLAYBOOK_BINARY_DIR) / "stand-in-docker", folder.path() / "bin/docker");
    ::setenv("PATH", ((folder.path() / "bin").string() + ":" + std::getenv("PATH")).c_str(), 1);
  }

  /// Of before 2023 or so: no info.json, and MongoDB's former shell.
  static bool is_old(const std::string& release) { return release == "1.8.15" || release == "1.9.2"; }
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
  for (const char* edition : {"ce", "ee"})
    for (const std::string release : kReleases) {
      const fs::path programs = shared().folder.path() / (Shared::is_old(release) ? "old-programs" : "programs");
      const fs::path root = shared().folder.path() / Shared::root(edition, release);
      images[reference(edition, release)] = {{"id", digest(edition, release)},
                                             {"root", root.string()},
                                             {"env",
                                              {{"STAND_IN_STACKS", (instance / "stacks").string()},
                                               {"STAND_IN_PORT", std::to_string(port)},
                                               {"STAND_IN_INFO", (root / "stand-in.json").string()},
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

void run_by_tag_alone_in(const fs::path& instance, const std::string& release) {
  Json file = parse_json(read_file(instance / "docker-compose.yml"), "the compose file");
  const std::string image = file["services"]["appsmith"]["image"];
  file["services"]["appsmith"]["image"] = reference(image.find("appsmith-ee") != std::string::npos ? "ee" : "ce", release);
  replace_file(instance / "docker-compose.yml", file.dump(1) + "\n");
  compose_in(instance, "pull");
  compose_in(instance, "up -d");
}

std::string inside_of(const fs::path& instance, const std::string& command) {
  use_engine(instance);
  return output_of("docker exec " + only_container(instance) + " " + command + " 2>&1", instance);
}

Finished run_in(const fs::path& instance, std::vector<std::string> arguments) {
  use_engine(instance);
  arguments.push_back("--yes");
  CommandProcess process(arguments, instance, CommandProcess::On::pipes,
                         {{"STAND_IN_DOCKER", (instance / ".engine").string()}, {"PATH", std::getenv("PATH")}});
  const int status = process.finish();
  return {status, process.out, process.err};
}

/// What a crash may have left.
struct Seen {
  Json data;
  std::string image, policy, settings, file;
  bool well = false;

  bool runs(const std::string& release) const { return image.substr(0, image.find('@')) == reference("ce", release); }
};

Seen look(const fs::path& instance) {
  Seen seen;
  seen.data = database_of(instance);
  for (const Json containers = parse_json(read_file(instance / ".engine/containers.json"), "containers.json"); const Json& one : containers)
    seen.policy = one["policy"], seen.image = one["image"];
  seen.settings = read_file(instance / "stacks/configuration/docker.env");
  seen.file = read_file(instance / "docker-compose.yml");
  seen.well = is_well(instance);
  return seen;
}

/// Remembers what must be equal again after a way back.
void remember(const fs::path& instance) {
  const Seen now = look(instance);
  replace_file(instance / "before.json",
               Json({{"data", now.data}, {"image", now.image}, {"settings", now.settings}, {"file", now.file}}).dump());
}

using IsNew = std::function<bool(const Seen&)>;

/// `well`: in the old state it was.
std::string judge(const fs::path& instance, bool well, const IsNew& is_new) {
  const Seen seen = look(instance);
  const Json before = parse_json(read_file(instance / "before.json"), "before.json");
  if (seen.policy == "unless-stopped") {
    if (seen.image == before["image"] && seen.data == before["data"] && seen.settings == before["settings"] &&
        seen.file == before["file"] && seen.well == well)
      return "old";
    if (seen.well && seen.data["failed"].empty() && seen.data["rows"] == kRows && is_new(seen)) return "new";
  }
  return seen.image + (seen.well ? " is well" : " is not well") + ", policy " + seen.policy + ", data " + seen.data.dump() + ", before " +
         before.dump();
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

Finished Processes::run(const std::vector<std::string>& arguments) const { return run_in(folder(), arguments); }

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

void Processes::run_by_tag_alone(const std::string& release) const { run_by_tag_alone_in(folder(), release); }

void Processes::wait(const std::string& line) const { wait_for(folder(), line); }
std::string Processes::compose(const std::string& arguments) const { return compose_in(folder(), arguments); }

std::string Processes::inside(const std::string& command) const { return inside_of(folder(), command); }

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
    remember(instance);
  };
  scenario.judge = [to](const fs::path& instance) {
    return judge(instance, true, [&](const Seen& seen) { return seen.runs(to) && seen.data["changes"].back() == "change-of-v" + to; });
  };
  scenario.clean = stop;
  return scenario;
}

Scenario rescue_scenario() {
  Scenario scenario = upgrade_scenario("1.99", "2.1");
  scenario.name = "appsmith/rescue of an aborted 2.1.9, back to 1.99 and on to 2.1";
  scenario.playbook = "appsmith/rescue";
  scenario.params = {{"set", "appsmith-1.99"}, {"forward", "2.1"}};
  scenario.prepare = [](const fs::path& instance) {
    lay_out(instance, "1.99");
    if (run_in(instance, {"backup", "create"}).status != 0) throw std::runtime_error("backup create failed");
    run_by_tag_alone_in(instance, "2.1.9");
    wait_for(instance, "ABORTED MIGRATION");
    remember(instance);
  };
  scenario.judge = [](const fs::path& instance) { return judge(instance, false, [&](const Seen& seen) { return seen.runs("2.1"); }); };
  return scenario;
}

Scenario restore_scenario() {
  Scenario scenario = upgrade_scenario("2.1", "2.1");
  scenario.name = "appsmith/restore of an archive";
  scenario.playbook = "appsmith/restore";
  scenario.params = {{"archive", "vendor.tar.gz"}};
  scenario.prepare = [](const fs::path& instance) {
    lay_out(instance, "2.1");
    inside_of(instance, "appsmithctl backup --non-interactive");
    for (const auto& file : fs::directory_iterator(instance / "stacks/data/backup")) fs::rename(file.path(), instance / "vendor.tar.gz");
    Json data = database_of(instance);
    data["rows"]["newAction"] = 9;
    data["rows"]["newer"] = 1;  // a collection that the archive does not know
    replace_file(instance / "stacks/data/mongodb/db.json", data.dump());
    remember(instance);
  };
  scenario.judge = [](const fs::path& instance) { return judge(instance, true, [](const Seen& seen) { return seen.runs("2.1"); }); };
  return scenario;
}

Scenario switch_scenario() {
  Scenario scenario = upgrade_scenario("2.1", "2.1");
  scenario.name = "appsmith/switch-edition";
  scenario.playbook = "appsmith/switch-edition";
  scenario.params = Json::object();
  scenario.accepts = {"one-way"};
  scenario.judge = [](const fs::path& instance) {
    return judge(instance, true,
                 [](const Seen& seen) { return seen.image.starts_with(reference("ee", "2.1")) && seen.data["enterprise"] == true; });
  };
  return scenario;
}

}  // namespace playbook::testing::appsmith
