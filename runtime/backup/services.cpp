#include "runtime/backup/services.h"

#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

Json named_project(const Json& given, const fs::path& instance) {
  Json project = Json::object();  // what names it; what it holds may change
  for (const char* key : {"files", "name", "env_file"})
    if (given.contains(key) && !given[key].is_null()) project[key] = given[key];
  const fs::path folder = (instance / get_or<std::string>(given, "folder", ".")).lexically_normal();
  project["folder"] = (folder.has_filename() ? folder : folder.parent_path()).string();
  return project;
}

std::string compose_by_hand(const Json& project) {
  const fs::path folder = project.at("folder").get<std::string>();
  std::string text = "docker compose --project-directory " + shell_quoted(folder.string());
  for (const Json files = get_or<Json>(project, "files", Json::array()); const Json& file : files)
    text += " -f " + shell_quoted((folder / file.get<std::string>()).string());
  if (project.contains("name")) text += " -p " + shell_quoted(project["name"].get<std::string>());
  if (project.contains("env_file")) text += " --env-file " + shell_quoted((folder / project["env_file"].get<std::string>()).string());
  return text;
}

std::string user_by_hand(const Json& server) {
  return server.contains("user") ? " --user " + shell_quoted(server["user"].get<std::string>()) : "";
}

}  // namespace

Json check_server(const std::string& type, const Json& server, const std::vector<std::string>& local, const fs::path& instance) {
  auto refuse = [&](const std::string& message) {
    throw Error(Code::argument_invalid, "source " + type + ": " + message,
                "give server={project=compose.config(...), service=\"" + type + "\"}" +
                    (local.empty() ? "" : ", or for one on this host {" + join(local, ", ") + "}"));
  };
  if (!server.is_object()) refuse("server must be a map, found " + canonical(server));
  std::vector<std::string> known{"project", "service", "user"};
  if (!is_service(server)) known = local;
  if (is_service(server)) known.push_back("password");
  for (const auto& [key, value] : server.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      refuse("server: \"" + key + "\" does not belong there" + did_you_mean(key, known));
  if (!is_service(server)) return server;
  for (const char* key : {"service", "user"})
    if (server.contains(key) && (!server[key].is_string() || server[key].get<std::string>().empty()))
      refuse("server: " + std::string(key) + " must be a text that is not empty");
  if (!server.contains("project") || !server["project"].is_object()) refuse("server: project must be a project, such as {folder=\".\"}");
  Json complete = server;
  complete["project"] = named_project(server["project"], instance);
  return complete;
}

bool is_service(const Json& server) { return server.contains("service"); }

std::string server_label(const Json& server) {
  return is_service(server) ? "service " + server.at("service").get<std::string>() : "this host";
}

std::unique_ptr<Place> place_inside(const Json& server, Work& work) {
  if (is_service(server)) return work.services().inside(server);
  return std::make_unique<HostPlace>(work.children());
}

std::unique_ptr<Place> place_beside(const Json& server, Work& work) {
  if (is_service(server)) return work.services().beside(server);
  return std::make_unique<HostPlace>(work.children());
}

std::string inside_by_hand(const Json& server) {
  if (!is_service(server)) return "";
  return compose_by_hand(server.at("project")) + " exec -T" + user_by_hand(server) + " " +
         shell_quoted(server.at("service").get<std::string>()) + " ";
}

std::string beside_by_hand(const Json& server, const std::string& program) {
  if (!is_service(server)) return program + " ";
  return compose_by_hand(server.at("project")) + " run --rm -T --no-deps" + user_by_hand(server) + " --entrypoint " + program + " " +
         shell_quoted(server.at("service").get<std::string>()) + " ";
}

std::string last_said(const Exit& exit) {
  std::string last = "it said nothing";
  for (const std::string* text : {&exit.out, &exit.err})
    for (const std::string& line : split(*text, '\n'))
      if (!trim(line).empty()) last = trim(line);
  return to_utf8(last).substr(0, 500);
}

std::string run_well(Place& place, const Command& command, const std::string& what, Work& work) {
  Exit exit = place.run(command, nullptr, work.cancel());
  if (exit.cancelled) throw Error(Code::cancelled, what + " was cancelled");
  if (exit.timed_out) throw Error(Code::timeout, what + " took too long and was ended");
  if (exit.status != 0) throw Error(Code::backup_failed, what + " failed: " + last_said(exit), "", {{"status", exit.status}});
  return exit.out;
}

}  // namespace playbook
