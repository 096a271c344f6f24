#include "runtime/container/compose.h"

#include <algorithm>
#include <cstdlib>
#include <regex>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/container/yaml.h"

namespace playbook {
namespace {

using namespace std::chrono_literals;

std::optional<std::string> version_of(const Docker& docker, const std::vector<std::string>& argv) {
  Command command;
  command.argv = argv;
  command.argv.insert(command.argv.end(), {"version", "--short"});
  command.deadline = 1min;
  try {
    Exit exit = docker.run(std::move(command));
    std::string text(trim(exit.out));
    if (text.starts_with("v")) text = text.substr(1);
    if (exit.status == 0 && std::regex_search(text, std::regex("^\\d+\\.\\d+"))) return text;
  } catch (const Error& error) {
    if (error.code() != Code::process_missing) throw;
  }
  return std::nullopt;
}

int major(const std::string& version) { return std::atoi(version.c_str()); }

Compose::Tool find_tool(const Docker& docker) {
  Compose::Tool tool;
  tool.engine = docker.version();
  for (const std::vector<std::string>& argv : {std::vector<std::string>{"docker", "compose"}, {"docker-compose"}}) {
    std::optional<std::string> version = version_of(docker, argv);
    if (!version) continue;
    tool.argv = argv;
    tool.version = *version;
    tool.generation = major(*version) >= 2 ? 2 : 1;
    if (tool.generation == 1 && major(tool.engine) > 20)
      throw Error(Code::unsupported,
                  "docker-compose " + tool.version + " is Compose v1, which fails beside engine " + tool.engine +
                      " when it recreates a container; expected engine 20.10 or Compose v2",
                  "install the Compose v2 plugin, so that `docker compose version` works");
    return tool;
  }
  throw Error(Code::process_missing, "docker compose is not installed",
              "install the Compose v2 plugin, so that `docker compose version` works");
}

// As Compose v1 makes it (compose/cli/command.py, get_project_name).
std::string v1_name(const Project& project) {
  std::string name = project.folder.filename().string();
  if (const char* exported = std::getenv("COMPOSE_PROJECT_NAME"); exported && *exported)
    name = exported;
  else
    for (const std::string& line : split(try_read_file(project.folder / ".env").value_or(""), '\n'))
      if (line.starts_with("COMPOSE_PROJECT_NAME=")) name = trim(line.substr(line.find('=') + 1));
  std::string plain;
  for (char c : name) {
    char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-' || lower == '_') plain += lower;
  }
  return plain.empty() ? "default" : plain;
}

// What Compose warned of: `The "TAG" variable is not set` (v2), `The TAG variable is not set` (v1).
std::vector<std::string> unset_variables(const std::string& warnings) {
  std::vector<std::string> names;
  const std::regex warning("The \\\\?\"?([A-Za-z_][A-Za-z0-9_]*)\\\\?\"? variable is not set");
  for (std::sregex_iterator it(warnings.begin(), warnings.end(), warning), end; it != end; ++it) names.push_back((*it)[1]);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Why Compose refuses a file. v1 says it on several lines and then, behind an empty one, what to read about it.
std::string refusal(const Exit& exit) {
  std::vector<std::string> said;
  for (const std::string& line : split(trim(exit.err), '\n')) {
    std::string text = to_utf8(trim(line));
    if (text.empty() && !said.empty()) break;
    if (!text.empty() && !text.starts_with("WARNING: ") && text.find("level=warning") == std::string::npos) said.push_back(std::move(text));
  }
  std::string all = join(said, " ");
  if (all.starts_with("ERROR: ")) all.erase(0, std::string("ERROR: ").size());
  return all.empty() ? last_words(exit) : all.substr(0, 1000);
}

std::vector<Container> of_services(std::vector<Container> all, const std::vector<std::string>& services) {
  if (services.empty()) return all;
  std::erase_if(all, [&](const Container& one) { return std::find(services.begin(), services.end(), one.service) == services.end(); });
  return all;
}

}  // namespace

const Compose::Tool& Compose::tool() {
  if (!tool_) {
    Findings* findings = docker_.tools().findings;
    tool_ = findings ? findings->get([this] { return find_tool(docker_); }) : find_tool(docker_);
  }
  return *tool_;
}

const std::string& Compose::name() {
  if (project_.name.empty()) {
    if (tool().generation == 1)
      project_.name = v1_name(project_);
    else
      config();
  }
  return project_.name;
}

Command Compose::command(const std::vector<std::string>& arguments) {
  Command command;
  command.argv = tool().argv;
  for (const std::string& file : project_.files) command.argv.insert(command.argv.end(), {"--file", file});
  command.argv.insert(command.argv.end(), {"--project-directory", project_.folder.string()});
  if (!project_.name.empty()) command.argv.insert(command.argv.end(), {"--project-name", project_.name});
  if (!project_.env_file.empty()) command.argv.insert(command.argv.end(), {"--env-file", project_.env_file});
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.folder = project_.folder;
  return command;
}

Json Compose::config() {
  Command question =
      command(tool().generation == 1 ? std::vector<std::string>{"config"} : std::vector<std::string>{"config", "--format", "json"});
  question.deadline = 1min;
  question.capture_limit = 16 << 20;
  Exit exit = docker_.run(std::move(question));
  if (exit.status != 0) {
    throw Error(Code::compose_invalid, "compose refuses " + join(project_.files, ", ") + ": " + refusal(exit),
                "`" + join(tool().argv, " ") + " config` in " + project_.folder.string() + " tells the same");
  }
  unset_ = unset_variables(exit.err);
  Json config = tool().generation == 1 ? yaml_to_json(exit.out, "docker-compose config") : parse_json(exit.out, "docker compose config");
  if (project_.name.empty()) project_.name = tool().generation == 1 ? v1_name(project_) : config.at("name").get<std::string>();
  return config;
}

void Compose::must(const std::string& what, const std::vector<std::string>& arguments, std::chrono::milliseconds deadline) {
  name();  // so that every order names the project
  Command order = command(arguments);
  order.deadline = deadline;
  order.capture_limit = 64 * 1024;
  Exit exit = docker_.run(std::move(order), false);
  if (exit.status != 0) throw Error(Code::container_failed, "cannot " + what + ": " + last_words(exit));
}

std::vector<std::string> Compose::labels() { return {"com.docker.compose.project=" + name(), "com.docker.compose.oneoff=False"}; }

std::vector<Container> Compose::containers(const std::vector<std::string>& services) {
  return of_services(docker_.containers(labels()), services);
}

std::vector<Container> Compose::running(const std::vector<std::string>& services) {
  return of_services(docker_.running(labels()), services);
}

}  // namespace playbook
