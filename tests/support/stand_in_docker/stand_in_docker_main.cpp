// A stand-in for the `docker` command and its engine, for tests that need hundreds of runs: containers are plain processes, images are
// JSON, and it speaks just what runtime/container asks for, with Compose v2's subcommand. What it does not show: namespaces, networks,
// volumes, a process that survives the client of its `exec`. The real engine is for tests/containers.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <set>

#include "tests/support/stand_in_docker/containers.h"
#include "tests/support/stand_in_docker/project.h"

using namespace stand_in;
namespace fs = std::filesystem;

namespace {

/// Options and what is left. An option that takes a value is `--name value`, `--name=value`, or one of `short_ones`.
struct Arguments {
  std::map<std::string, std::vector<std::string>> options;
  std::vector<std::string> rest;

  /// Options end at the first word that is none, where `only_front` is set.
  Arguments(std::vector<std::string> words, const std::set<std::string>& with_value, bool only_front = false) {
    for (size_t i = 0; i < words.size(); ++i) {
      const std::string& word = words[i];
      size_t equals = word.find('=');
      if (word == "--") {
        rest.insert(rest.end(), words.begin() + static_cast<long>(i) + 1, words.end());
        return;
      }
      if (!word.starts_with('-') || word == "-") {
        if (only_front) {
          rest.assign(words.begin() + static_cast<long>(i), words.end());
          return;
        }
        rest.push_back(word);
      } else if (word.starts_with("--") && equals != std::string::npos) {
        options[word.substr(0, equals)].push_back(word.substr(equals + 1));
      } else if (with_value.count(word)) {
        options[word].push_back(words.at(++i));
      } else {
        options[word].push_back("");
      }
    }
  }

  bool has(const std::string& name) const { return options.count(name) != 0; }
  std::string get(const std::string& name, const std::string& fallback = "") const {
    auto found = options.find(name);
    return found == options.end() ? fallback : found->second.back();
  }
  std::vector<std::string> all(const std::string& name) const {
    auto found = options.find(name);
    return found == options.end() ? std::vector<std::string>() : found->second;
  }
};

std::vector<std::string> after(const std::vector<std::string>& words, size_t count) {
  return {words.begin() + static_cast<long>(count), words.end()};
}

Json labels_of(const Json& container) {
  Json labels = container.value("labels", Json::object());
  if (container["service"] == "") return labels;
  labels["com.docker.compose.project"] = container["project"];
  labels["com.docker.compose.service"] = container["service"];
  labels["com.docker.compose.oneoff"] = "False";
  labels["com.docker.compose.project.working_dir"] = container.value("working_dir", "");
  return labels;
}

Json inspected(const Json& container) {
  Json environment = Json::array();
  for (const auto& [name, value] : container["env"].items()) environment.push_back(name + "=" + value.get<std::string>());
  std::string state = container["state"];
  return {{"Id", container["id"]},
          {"Name", "/" + container["name"].get<std::string>()},
          {"Created", container["created"]},
          {"Image", container["image_id"]},
          {"RestartCount", container["restarts"]},
          {"State",
           {{"Status", state},
            {"Running", state == "running"},
            {"Restarting", state == "restarting"},
            {"Pid", container.value("pid", 0)},
            {"ExitCode", container["exit_code"]},
            {"StartedAt", container.value("started", "0001-01-01T00:00:00Z")},
            {"FinishedAt", container.value("finished", "0001-01-01T00:00:00Z")}}},
          {"Config", {{"Image", container["image"]}, {"Labels", labels_of(container)}, {"Env", environment}, {"Cmd", container["argv"]}}},
          {"HostConfig", {{"RestartPolicy", {{"Name", container["policy"]}, {"MaximumRetryCount", 0}}}}},
          {"Mounts", Json::array()}};
}

// containers ------------------------------------------------------------------------------------------------------------------------------

int list(const Arguments& arguments) {
  State state;
  for (const auto& [id, container] : state.containers.items()) {
    Json labels = labels_of(container);
    bool shown = true;
    for (const std::string& filter : arguments.all("--filter")) {
      std::string label = filter.substr(filter.find('=') + 1), name = label.substr(0, label.find('='));
      shown = shown && labels.contains(name) && (label == name || labels[name] == label.substr(name.size() + 1));
    }
    if (!shown) continue;
    if (const std::string format = arguments.get("--format");
        format.find("compose.project") != std::string::npos && arguments.has("--all")) {
      std::cout << container["project"].get<std::string>() << "\n";
    } else if (arguments.has("--all")) {
      std::cout << id << "\n";
    } else if (const std::string status = container["state"]; status == "running" || status == "restarting" || status == "paused") {
      std::cout << id << "\t" << container["name"].get<std::string>() << "\t" << container["service"].get<std::string>() << "\t"
                << (status == "running"  ? "Up 3 minutes"
                    : status == "paused" ? "Up 3 minutes (Paused)"
                                         : "Restarting (1) 3 seconds ago")
                << "\n";
    }
  }
  return 0;
}

int inspect(const Arguments& arguments) {
  if (arguments.has("--format")) return 0;  // it knows no templates, and says nothing
  State state;
  Json all = Json::array();
  for (const std::string& name : arguments.rest) all.push_back(inspected(state.container(name)));
  std::cout << all.dump(1) << "\n";
  return 0;
}

int update(const Arguments& arguments) {
  State state;
  for (const std::string& name : arguments.rest) state.container(name)["policy"] = arguments.get("--restart");
  state.save();
  return 0;
}

int create(const Arguments& arguments) {
  State state;
  std::string id = create_container(state, "", "", {{"image", arguments.rest.at(0)}});
  for (const std::string& label : arguments.all("--label"))
    state.containers[id]["labels"][label.substr(0, label.find('='))] = label.substr(label.find('=') + 1);
  state.save();
  std::cout << id << "\n";
  return 0;
}

int copy_out(const Arguments& arguments) {
  State state;
  const std::string from = arguments.rest.at(0);
  const Json& container = state.container(from.substr(0, from.find(':')));
  fs::path root = state.image(container["image"]).value("root", "");
  std::string inside = from.substr(from.find(':') + 1);
  fs::path file = root / inside.substr(inside.starts_with("/app/") ? 5 : 1);  // APP_ROOT is what stands at /app
  if (!fs::exists(file)) throw Failure{1, "Error: No such container:path: " + from};
  fs::copy_file(file, arguments.rest.at(1), fs::copy_options::overwrite_existing);
  return 0;
}

int print_log(const Arguments& arguments) {
  std::string id;
  {
    State state;
    id = state.container(arguments.rest.at(0))["id"];
  }
  std::vector<std::string> lines;
  std::ifstream log(engine_folder() / (id + ".log"));
  std::string since = arguments.get("--since");
  for (std::string line; std::getline(log, line);)
    if (since.empty() || line.substr(0, line.find(' ')) >= since)
      lines.push_back(arguments.has("--timestamps") ? line : line.substr(line.find(' ') + 1));
  std::string tail = arguments.get("--tail", "all");
  size_t from = tail == "all" || std::stoul(tail) >= lines.size() ? 0 : lines.size() - std::stoul(tail);
  for (size_t i = from; i < lines.size(); ++i) std::cout << lines[i] << "\n";
  return 0;
}

/// Processes that an `exec` into this container left: `processes_of` looks for them with a shell, which here would see the whole machine.
int find_left_behind(const Json& container, const std::string& entry, const std::string& signal) {
  for (const auto& folder : fs::directory_iterator("/proc")) {
    std::ifstream stream(folder.path() / "environ");
    std::string all(std::istreambuf_iterator<char>(stream), {}), here = "STAND_IN_CONTAINER=" + container["id"].get<std::string>();
    std::string text = std::string(1, '\0') + all;
    auto has = [&](const std::string& wanted) {
      return text.find(std::string(1, '\0') + wanted + std::string(1, '\0')) != std::string::npos;
    };
    if (!has(here) || !has(entry)) continue;
    pid_t process = std::atoi(folder.path().filename().c_str());
    std::cout << process << "\n";
    if (!signal.empty()) kill(process, signal == "KILL" ? SIGKILL : SIGTERM);
  }
  return 0;
}

int execute(const Arguments& arguments) {
  Json container;
  {
    State state;
    container = state.container(arguments.rest.at(0));
  }
  if (container["state"] != "running") throw Failure{1, "Error response from daemon: Container " + arguments.rest[0] + " is not running"};
  std::vector<std::string> argv = after(arguments.rest, 1);
  if (argv.size() > 4 && argv[3] == "playbook-find") return find_left_behind(container, argv[4], argv.size() > 5 ? argv[5] : "");
  Json environment{{"STAND_IN_CONTAINER", container["id"]}};
  for (std::string name : arguments.all("--env")) {
    const char* value = std::getenv(name.c_str());
    size_t equals = name.find('=');
    if (equals != std::string::npos)
      environment[name.substr(0, equals)] = name.substr(equals + 1);
    else if (value)
      environment[name] = value;
  }
  if (!arguments.has("--interactive")) dup2(open("/dev/null", O_RDONLY), 0);
  become(container, argv, environment);
}

// images ----------------------------------------------------------------------------------------------------------------------------------

Json image_shown(State& state, const std::string& ref) {
  const Json& image = state.image(ref);
  Json environment = Json::array();
  for (const Json all = image.value("env", Json::object()); const auto& [name, value] : all.items())
    environment.push_back(name + "=" + value.get<std::string>());
  Json shown;
  shown["Id"] = image["id"];
  shown["RepoTags"] = Json::array({ref});
  shown["RepoDigests"] = Json::array({ref.substr(0, ref.rfind(':')) + "@" + image["id"].get<std::string>()});
  shown["Size"] = 1000;
  shown["Created"] = "2026-01-01T00:00:00Z";
  shown["Config"]["Env"] = environment;
  shown["Config"]["Labels"] = Json::object();
  return shown;
}

int inspect_image(const Arguments& arguments) {
  State state;
  Json all = Json::array();
  for (const std::string& ref : arguments.rest) all.push_back(image_shown(state, ref));
  if (arguments.has("--format"))
    for (const Json& one : all) std::cout << one["Id"].get<std::string>() << "\n";
  else
    std::cout << all.dump(1) << "\n";
  return 0;
}

int pull(const std::string& ref) {
  State state;
  const std::string name = without_digest(ref);
  if (state.registry.contains(name) && state.registry[name].value("unauthorized", false))
    throw Failure{1, "Error response from daemon: pull access denied for " + name + ": unauthorized: authentication required"};
  if (!state.registry.contains(name))
    throw Failure{1, "Error response from daemon: manifest for " + ref + " not found: manifest unknown: manifest unknown"};
  state.images[name] = state.registry[name];
  state.save();
  std::cout << "Status: Downloaded newer image for " << ref << "\n";
  return 0;
}

int manifest(const Arguments& arguments) {
  State state;
  const std::string ref = without_digest(arguments.rest.at(0));
  if (state.registry.contains(ref) && state.registry[ref].value("unauthorized", false))
    throw Failure{1, "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required"};
  if (!state.registry.contains(ref)) throw Failure{1, "no such manifest: " + ref};
  std::cout << Json{{"Descriptor", {{"digest", state.registry[ref]["id"]}}}}.dump() << "\n";
  return 0;
}

std::string sum_of(const fs::path& file) {
  FILE* stream = popen(("sha256sum " + file.string()).c_str(), "r");
  char sum[65] = {};
  const bool read = stream && fread(sum, 1, 64, stream) == 64;
  if (stream) pclose(stream);
  if (!read) throw Failure{1, "cannot hash " + file.string()};
  return sum;
}

/// As a tar of what `docker save` writes: the image and its reference stand in the configuration, and its one layer holds nothing.
int save(const std::string& ref) {
  const fs::path folder = engine_folder() / ("save-" + std::to_string(getpid()));
  fs::create_directory(folder);
  std::ofstream(folder / "layer.tar") << "no files";
  Json config;
  {
    State state;
    config = {
        {"image", state.image(ref)}, {"ref", without_latest(ref)}, {"rootfs", {{"diff_ids", {"sha256:" + sum_of(folder / "layer.tar")}}}}};
  }
  std::ofstream(folder / "config") << config.dump();
  const std::string name = sum_of(folder / "config") + ".json";
  fs::rename(folder / "config", folder / name);
  std::ofstream(folder / "manifest.json") << Json::array({{{"Config", name}, {"RepoTags", {ref}}, {"Layers", {"layer.tar"}}}}).dump();
  const int status = std::system(("tar -C " + folder.string() + " -c manifest.json layer.tar " + name).c_str());
  fs::remove_all(folder);
  return status == 0 ? 0 : 1;
}

int load() {
  const fs::path folder = engine_folder() / ("load-" + std::to_string(getpid()));
  fs::create_directory(folder);
  const int status = std::system(("tar -C " + folder.string() + " -x").c_str());
  for (const auto& file : fs::directory_iterator(folder)) {
    if (status != 0 || file.path().extension() != ".json" || file.path().filename() == "manifest.json") continue;
    std::ifstream stream(file.path());
    const Json config = Json::parse(stream);
    State state;
    state.images[config.at("ref").get<std::string>()] = config.at("image");
    state.save();
  }
  fs::remove_all(folder);
  return status == 0 ? 0 : 1;
}

// compose ---------------------------------------------------------------------------------------------------------------------------------

std::string container_of(const Project& project, const std::string& service) {
  State state;
  std::vector<std::string> found = state.of_project(project.name, {service});
  return found.empty() ? "" : found[0];
}

std::string image_of(const Project& project, const std::string& service) {
  return project.services().at(service).value("image", project.name + "-" + service);
}

/// An image is what the program `image` in the context prints of itself.
int build(const Project& project, const std::vector<std::string>& services) {
  for (const std::string& name : services) {
    const fs::path context = project.folder / project.services().at(name).at("build").at("context").get<std::string>();
    FILE* stream = popen(("cd " + context.string() + " && ./image").c_str(), "r");
    std::string text;
    char piece[4096];
    for (size_t size; stream && (size = fread(piece, 1, sizeof piece, stream)) > 0;) text.append(piece, size);
    if (!stream || pclose(stream) != 0) throw Failure{17, "target " + name + ": failed to solve: process did not complete successfully"};
    State state;
    state.images[image_of(project, name)] = Json::parse(text);
    state.save();
  }
  return 0;
}

/// Recreates what differs from its container.
std::string bring_there(const Project& project, const std::string& name) {
  Json service = project.services()[name];
  service["image"] = image_of(project, name);
  std::string id = container_of(project, name);
  bool fresh = id.empty();
  if (!fresh) {
    State state;
    const Json& container = state.container(id);
    const std::string ref = service.at("image");
    fresh = container["hash"] != service.dump() || container["image_id"] != state.image(ref)["id"];
  }
  if (fresh && !id.empty()) {
    stop_container(id, 10);
    remove_container(id);
  }
  if (fresh) {
    State state;
    id = create_container(state, project.name, name, service);
    state.containers[id]["working_dir"] = fs::absolute(project.folder).lexically_normal().string();
    state.save();
  }
  return id;
}

/// Starts what does not run, and waits for those on whose end others depend.
int up(const Project& project, const Arguments& arguments) {
  if (arguments.has("--no-start")) {
    for (const std::string& name : arguments.rest) bring_there(project, name);
    return 0;
  }
  for (const std::string& name : project.in_order(arguments.rest)) {
    start_container(bring_there(project, name));
    for (const auto& [other, service] : project.services().items()) {
      Json depends = service.value("depends_on", Json::object());
      if (!depends.contains(name) || depends[name].value("condition", "") != "service_completed_successfully") continue;
      if (int status = wait_container(container_of(project, name)); status != 0)
        throw Failure{1, "service \"" + name + "\" didn't complete successfully: exit " + std::to_string(status)};
    }
  }
  return 0;
}

/// A container of its own for one program; it is in no list, for it ends with its client.
int run_one_off(const Project& project, const std::vector<std::string>& words) {
  Arguments arguments(words, {"--label", "-e", "--user", "--workdir", "--entrypoint"}, true);
  Json container;
  {
    State state;
    const std::string id = create_container(state, "", "", project.services().at(arguments.rest.at(0)));
    container = state.container(id);
    state.containers.erase(id);
    state.save();
  }
  std::vector<std::string> argv = after(arguments.rest, 1);
  argv.insert(argv.begin(), arguments.get("--entrypoint"));
  Json environment = Json::object();
  for (const std::string& name : arguments.all("-e"))
    if (const char* value = std::getenv(name.c_str())) environment[name] = value;
  become(container, argv, environment);
}

std::vector<std::string> containers_of(const Project& project, const std::vector<std::string>& services) {
  State state;
  return state.of_project(project.name, services);
}

int compose(const std::vector<std::string>& words) {
  Arguments front(words, {"--file", "-f", "--project-directory", "--project-name", "-p", "--env-file"}, true);
  const std::string verb = front.rest.at(0);
  Arguments arguments(after(front.rest, 1), {"--format", "--timeout", "-t", "--pull", "--tail", "--since"}, verb == "run");
  if (verb == "version") {
    std::cout << "2.26.1\n";
    return 0;
  }
  std::vector<fs::path> files;
  for (const char* name : {"--file", "-f"})
    for (const std::string& file : front.all(name)) files.push_back(file);
  Project project = read_project(front.get("--project-directory", fs::current_path()), files, front.get("--env-file"),
                                 front.get("--project-name", front.get("-p")), !arguments.has("--no-interpolate"));
  if (verb == "config") {
    std::cout << project.config.dump(1) << "\n";
  } else if (verb == "run") {
    return run_one_off(project, after(front.rest, 1));
  } else if (verb == "build") {
    return build(project, arguments.rest);
  } else if (verb == "up") {
    return up(project, arguments);
  } else if (verb == "start") {
    for (const std::string& id : containers_of(project, arguments.rest)) start_container(id);
  } else if (verb == "stop") {
    for (const std::string& id : containers_of(project, arguments.rest))
      stop_container(id, std::stoi(arguments.get("--timeout", arguments.get("-t", "10"))));
  } else if (verb == "pull") {
    for (const std::string& name : project.in_order(arguments.rest)) pull(project.services()[name].at("image"));
  } else if (verb == "down") {
    for (const std::string& id : containers_of(project, {})) {
      stop_container(id, 0);
      remove_container(id);
    }
  } else {
    throw Failure{64, "the stand-in has no docker compose " + verb};
  }
  return 0;
}

int docker(const std::vector<std::string>& words) {
  const std::string verb = words.at(0);
  if (verb == "compose") return compose(after(words, 1));
  const std::set<std::string> with_value{"--filter", "--format", "--type",    "--restart", "--label", "--network", "--entrypoint",
                                         "--env",    "--user",   "--workdir", "--tail",    "--since", "--time",    "--name"};
  bool is_image = verb == "image" || verb == "manifest";
  Arguments arguments(after(words, is_image ? 2 : 1), with_value, verb == "exec");
  if (verb == "version")
    std::cout << (engine_folder(), "20.10.24") << "\n";
  else if (verb == "ps")
    return list(arguments);
  else if (verb == "inspect")
    return inspect(arguments);
  else if (verb == "update")
    return update(arguments);
  else if (verb == "create")
    return create(arguments);
  else if (verb == "cp")
    return copy_out(arguments);
  else if (verb == "rm")
    remove_container(arguments.rest.at(0));
  else if (verb == "logs")
    return print_log(arguments);
  else if (verb == "exec")
    return execute(arguments);
  else if (verb == "pull")
    return pull(arguments.rest.at(0));
  else if (verb == "image")
    return inspect_image(arguments);
  else if (verb == "top" && arguments.rest.size() == 1) {
    State state;
    if (state.container(arguments.rest[0])["state"] != "running")
      throw Failure{1, "Error response from daemon: Container " + arguments.rest[0] + " is not running"};
  } else if (verb == "tag") {
    State state;
    state.images[arguments.rest.at(1)] = Json(state.image(arguments.rest.at(0)));
    state.save();
  } else if (verb == "rmi") {
    State state;
    state.images.erase(arguments.rest.at(0));
    state.save();
  } else if (verb == "save")
    return save(arguments.rest.at(0));
  else if (verb == "load")
    return load();
  else if (verb == "manifest")
    return manifest(arguments);
  else if (verb == "start")
    start_container(arguments.rest.at(0));
  else if (verb == "stop")
    stop_container(arguments.rest.at(0), std::stoi(arguments.get("--time", "10")));
  else if (verb == "info")
    std::cout << "{}\n";
  else
    throw Failure{64, "the stand-in has no docker " + verb};
  return 0;
}

}  // namespace

int main(int count, char** words) {
  try {
    return docker({words + 1, words + count});
  } catch (const Failure& failure) {
    std::cerr << failure.message << "\n";
    return failure.status;
  } catch (const std::exception& error) {
    std::cerr << "the stand-in fails: " << error.what() << "\n";
    return 70;
  }
}
