#include "tests/support/stand_in_docker/containers.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <thread>

namespace stand_in {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

void await(const std::function<bool()>& reached) {
  while (!reached()) std::this_thread::sleep_for(milliseconds(3));
}

bool is_alive(pid_t process) { return process > 0 && kill(process, 0) == 0; }

/// Also where its supervisor was killed.
bool is_running(const std::string& id) {
  State state;
  const Json& container = state.container(id);
  return container["state"] == "running" && (container.value("external", false) || is_alive(container.value("supervisor", 0)));
}

void note(const std::string& id, const Json& changes) {
  State state;
  if (!state.containers.contains(id)) return;
  state.containers[id].update(changes);
  state.save();
}

/// `TIME STREAM LINE`, as logs --timestamps needs them.
void keep_log(const fs::path& file, int out) {
  std::ofstream log(file, std::ios::app);
  FILE* stream = fdopen(out, "r");
  char* line = nullptr;
  size_t capacity = 0;
  for (ssize_t size; (size = getline(&line, &capacity, stream)) > 0;)
    log << now() << " " << std::string(line, static_cast<size_t>(size)) << std::flush;
  std::free(line);
  fclose(stream);
}

int run_once(const std::string& id, const Json& container) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return 125;
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    become(container, container["argv"].get<std::vector<std::string>>(), Json::object());
  }
  close(ends[1]);
  note(id, {{"state", "running"}, {"pid", child}, {"supervisor", getpid()}, {"started", now()}, {"exit_code", 0}});
  keep_log(engine_folder() / (id + ".log"), ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool starts_again(const Json& container, int status) {
  if (container.value("stopping", false)) return false;
  std::string policy = container["policy"];
  return policy == "always" || policy == "unless-stopped" || (policy == "on-failure" && status != 0);
}

[[noreturn]] void supervise(const std::string& id) {
  for (milliseconds pause(100);; pause = std::min(pause * 2, milliseconds(2000))) {
    Json container = [&] { return Json(State().container(id)); }();
    int status = run_once(id, container);
    container = [&] { return Json(State().container(id)); }();
    bool again = starts_again(container, status);
    note(id, {{"state", again ? "restarting" : "exited"}, {"pid", 0}, {"exit_code", status}, {"finished", now()}});
    if (!again) _exit(0);
    std::this_thread::sleep_for(pause);
    container = [&] { return Json(State().container(id)); }();
    if (!starts_again(container, status)) {
      note(id, {{"state", "exited"}});
      _exit(0);
    }
    note(id, {{"restarts", container.value("restarts", 0) + 1}});
  }
}

}  // namespace

std::string create_container(State& state, const std::string& project, const std::string& name, const Json& service) {
  const std::string ref = service.at("image");
  const Json& image = state.image(ref);
  Json environment = image.value("env", Json::object());
  if (service.contains("environment")) environment.update(service["environment"]);
  static int made = 0;
  std::string id = std::to_string(std::hash<std::string>{}(project + name + now() + std::to_string(++made)));
  Json argv = service.contains("entrypoint") ? service["entrypoint"] : service.value("command", image.value("cmd", Json::array()));
  state.containers[id] = {{"id", id},
                          {"name", project + "-" + name + "-1"},
                          {"project", project},
                          {"service", name},
                          {"image", ref},
                          {"image_id", image.at("id")},
                          {"hash", service.dump()},
                          {"env", environment},
                          {"argv", argv},
                          {"programs", image.value("programs", Json::object())},
                          {"external", image.value("external", false)},
                          {"policy", service.value("restart", "no")},
                          {"state", "created"},
                          {"exit_code", 0},
                          {"restarts", 0},
                          {"created", now()}};
  state.save();
  return id;
}

void start_container(const std::string& id) {
  if (is_running(id)) return;
  bool external = false;
  {
    State state;
    Json& container = state.container(id);
    container["stopping"] = false;
    container["restarts"] = 0;
    container["state"] = "starting";
    external = container.value("external", false);
    if (external) container["state"] = "running", container["started"] = now();
    state.save();
  }
  if (external) return;  // the test runs it
  if (fork() == 0) {
    setsid();
    if (fork() != 0) _exit(0);
    int nothing = open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) dup2(nothing, fd);
    close_range(3, ~0U, 0);
    supervise(id);
  }
  wait(nullptr);
  await([&] { return State().container(id)["state"] != "starting"; });
}

void stop_container(const std::string& id, int grace_seconds) {
  auto ended = [&] {
    State state;
    const Json& container = state.container(id);
    return container["state"] == "exited" || container["state"] == "created" || !is_alive(container.value("supervisor", 0));
  };
  {
    State state;
    Json& container = state.container(id);
    container["stopping"] = true;
    if (container.value("external", false)) container["state"] = "exited";
    state.save();
    if (container.value("pid", 0) > 0) kill(-container["pid"].get<pid_t>(), SIGTERM);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(grace_seconds);
  await([&] {
    if (ended()) return true;
    if (std::chrono::steady_clock::now() < end) return false;
    State state;
    if (pid_t process = state.container(id).value("pid", 0); process > 0) kill(-process, SIGKILL);
    return false;
  });
  note(id, {{"state", "exited"}});
}

void remove_container(const std::string& id) {
  State state;
  state.containers.erase(id);
  state.save();
  fs::remove(engine_folder() / (id + ".log"));
}

int wait_container(const std::string& id) {
  await([&] {
    State state;
    return state.container(id)["state"] == "exited";
  });
  return State().container(id)["exit_code"];
}

// Nothing of this process's environment reaches it but where programs are.
void become(const Json& container, std::vector<std::string> argv, const Json& more_environment) {
  const char* path = getenv("PATH");
  const std::string programs = path ? path : "/usr/bin:/bin";
  clearenv();
  setenv("PATH", programs.c_str(), 1);
  for (const Json* environment : {&container.at("env"), &more_environment})
    for (const auto& [name, value] : environment->items()) setenv(name.c_str(), value.get<std::string>().c_str(), 1);
  if (container["programs"].contains(argv.at(0))) argv[0] = container["programs"][argv[0]];
  std::vector<char*> pointers;
  for (std::string& argument : argv) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  _exit(127);
}

}  // namespace stand_in
