#include "runtime/container/service_place.h"

#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

using namespace std::chrono_literals;

// Looks at the container's processes from this host, which sees all of them where we are root and the engine is here. Nothing where one of
// them is out of sight. Their cgroup proves that a number means the same process here as in the engine's answer.
std::optional<std::vector<int>> find_from_host(const Docker& docker, const Container& container, const std::string& entry, int signal) {
  Command command;
  command.argv = {"docker", "top", container.id, "-eo", "pid"};
  command.deadline = 30s;
  Exit exit = docker.run(std::move(command));
  if (exit.status != 0) return std::nullopt;
  std::vector<int> found;
  for (const std::string& line : split(exit.out, '\n')) {
    int pid = std::atoi(line.c_str());
    if (pid <= 0) continue;  // the heading
    const std::filesystem::path process = std::filesystem::path("/proc") / std::to_string(pid);
    try {
      std::optional<std::string> cgroup = try_read_file(process / "cgroup");
      if (cgroup && cgroup->find(container.id) == std::string::npos) return std::nullopt;
      std::vector<std::string> environment = split(try_read_file(process / "environ").value_or(""), '\0');
      if (std::find(environment.begin(), environment.end(), entry) == environment.end()) continue;
    } catch (const Error& error) {
      if (error.code() == Code::file_denied) return std::nullopt;
      continue;  // it has just ended
    }
    found.push_back(pid);
    if (signal != 0) kill(pid, signal);
  }
  return found;
}

// Prints the ids of the processes whose environment holds $1, after sending them the signal $2 unless it is 0.
// A `?` for a process of this user whose environment is closed even to it.
constexpr const char* kFind = R"sh(
me=$(id -u)
for folder in /proc/[0-9]*; do
  if ! tr '\0' '\n' <$folder/environ >/dev/null 2>&1; then
    grep -q "^Uid:[[:space:]]*$me[[:space:]]" $folder/status && echo '?'
    continue
  fi
  tr '\0' '\n' 2>/dev/null <$folder/environ | while IFS= read -r entry; do
    [ "$entry" = "$1" ] || continue
    echo ${folder#/proc/}
    [ "$2" = 0 ] || kill -"$2" ${folder#/proc/} 2>/dev/null
  done
done 2>/dev/null
)sh";

// As the user that the program runs as: the environment of another user's process is closed even to a container's root.
std::vector<int> find_from_inside(const Docker& docker, const Container& container, const std::string& entry, const std::string& user,
                                  int signal) {
  Command command;
  command.argv = {"docker", "exec"};
  if (!user.empty()) command.argv.insert(command.argv.end(), {"--user", user});
  command.argv.insert(command.argv.end(), {container.id, "sh", "-c", kFind, "playbook-find", entry, std::to_string(signal)});
  command.deadline = 30s;
  Exit exit = docker.run(std::move(command));
  if (exit.status != 0 && exit.err.find("is not running") != std::string::npos) return {};
  if (exit.status != 0)
    throw Error(Code::container_failed, "cannot tell what still runs in " + container.name + ": " + last_words(exit),
                "`docker top " + container.name + "` tells it to you");
  std::vector<int> found;
  for (const std::string& line : split(trim(exit.out), '\n')) {
    if (line == "?")
      throw Error(Code::container_failed,
                  "cannot tell what still runs in " + container.name +
                      ": its processes hide their environment, as those of user 0 do where the container runs as somebody else",
                  "run this as root, which sees all of it; `docker top " + container.name + "` shows it to you");
    if (!line.empty()) found.push_back(std::atoi(line.c_str()));
  }
  return found;
}

std::vector<int> find(const Docker& docker, const Container& container, const std::string& action, const std::string& user, int signal) {
  const std::string entry = "PLAYBOOK_ACTION=" + action;
  if (auto found = find_from_host(docker, container, entry, signal)) return *found;
  return find_from_inside(docker, container, entry, user, signal);
}

class ServicePlace final : public Place {
 public:
  ServicePlace(const DockerTools& tools, Project project, std::string service, std::string user)
      : docker_(tools), compose_(docker_, std::move(project)), service_(std::move(service)), user_(std::move(user)) {}

  std::string describe() const override { return "service " + service_; }

  Exit run(const Command& command, const LineSink& line, const CancelToken* cancel) override {
    Container container = find_container();
    Command outer = wrapped(command, container);
    Exit exit = docker_.tools().children.run(outer, line, cancel);
    if (exit.status != 0) forget_container();
    if (exit.timed_out || exit.cancelled || exit.signal) end_without_cancel(container);
    bool refused = (exit.status == 126 || exit.status == 127) && exit.err.find("OCI runtime exec failed") != std::string::npos;
    refused = refused || ((exit.status == 126 || exit.status == 127) && exit.out.find("OCI runtime exec failed") != std::string::npos);
    if (refused) throw Error(Code::process_missing, command.argv.at(0) + " is not in the container of service " + service_);
    return exit;
  }

 private:
  Container find_container() {
    std::lock_guard hold(mutex_);
    if (!found_) found_ = running_container(compose_, service_);
    return *found_;
  }
  void forget_container() {
    std::lock_guard hold(mutex_);
    found_.reset();
  }

  Command wrapped(const Command& command, const Container& container) const {
    Command outer = command;
    outer.folder.clear();
    outer.environment["PLAYBOOK_ACTION"] = docker_.tools().action;
    outer.argv = {"docker", "exec"};
    if (!command.input.empty() || command.feed || command.input_fd >= 0) outer.argv.push_back("--interactive");
    for (const auto& [name, unused] : outer.environment) outer.argv.insert(outer.argv.end(), {"--env", name});
    if (!user_.empty()) outer.argv.insert(outer.argv.end(), {"--user", user_});
    if (!command.folder.empty()) outer.argv.insert(outer.argv.end(), {"--workdir", command.folder.string()});
    outer.argv.push_back(container.id);
    outer.argv.insert(outer.argv.end(), command.argv.begin(), command.argv.end());
    return outer;
  }

  // The token that cancelled the client would end the search too.
  void end_without_cancel(const Container& container) const {
    CancelToken never;
    Docker docker({docker_.tools().children, never, docker_.tools().run, docker_.tools().action, docker_.tools().line});
    end_processes_of(docker, container, docker_.tools().action, user_);
  }

  Docker docker_;
  Compose compose_;
  std::string service_, user_;
  std::mutex mutex_;  // a session runs on a thread of its own, beside pg_dump
  std::optional<Container> found_;
};

class OneOffPlace final : public Place {
 public:
  OneOffPlace(const DockerTools& tools, Project project, std::string service, std::string user)
      : docker_(tools), compose_(docker_, std::move(project)), service_(std::move(service)), user_(std::move(user)) {}

  std::string describe() const override { return "a container of service " + service_; }

  Exit run(const Command& command, const LineSink& line, const CancelToken* cancel) override {
    const DockerTools& tools = docker_.tools();
    compose_.name();
    std::vector<std::string> order{
        "run", "--rm", "-T", "--no-deps", "--label", "playbook.action=" + tools.action, "--label", "playbook.run=" + tools.run};
    Command outer = command;
    outer.environment["PLAYBOOK_ACTION"] = tools.action;
    for (const auto& [name, unused] : outer.environment) order.insert(order.end(), {"-e", name});
    if (!user_.empty()) order.insert(order.end(), {"--user", user_});
    if (!command.folder.empty()) order.insert(order.end(), {"--workdir", command.folder.string()});
    order.insert(order.end(), {"--entrypoint", command.argv.front(), service_});  // not handed to the image's own as an argument
    order.insert(order.end(), command.argv.begin() + 1, command.argv.end());
    Command whole = compose_.command(order);
    outer.argv = whole.argv;
    outer.folder = whole.folder;
    Exit exit = tools.children.run(outer, line, cancel);
    if (exit.timed_out || exit.cancelled || exit.signal) {
      CancelToken never;
      end_one_offs_of(Docker({tools.children, never, tools.run, tools.action, tools.line}), tools.action);
    }
    return exit;
  }

 private:
  Docker docker_;
  Compose compose_;
  std::string service_, user_;
};

}  // namespace

std::unique_ptr<Place> one_off_place(const DockerTools& tools, Project project, std::string service, std::string user) {
  return std::make_unique<OneOffPlace>(tools, std::move(project), std::move(service), std::move(user));
}

void end_one_offs_of(const Docker& docker, const std::string& action) {
  for (const Container& left : docker.containers({"playbook.action=" + action}))
    docker.must("remove " + left.name, {"rm", "--force", "--volumes", left.id});
}

std::unique_ptr<Place> service_place(const DockerTools& tools, Project project, std::string service, std::string user) {
  return std::make_unique<ServicePlace>(tools, std::move(project), std::move(service), std::move(user));
}

Container running_container(Compose& compose, const std::string& service) {
  for (Container& container : compose.running({service}))
    if (container.state == "running") return container;
  const std::vector<Container> all = compose.containers({service});
  std::string state = all.empty() ? "it has no container" : "it is " + all[0].state;
  throw Error(Code::container_failed, "service " + service + " of " + compose.name() + " does not run: " + state);
}

std::vector<int> processes_of(const Docker& docker, const Container& container, const std::string& action, const std::string& user) {
  return find(docker, container, action, user, 0);
}

void end_processes_of(const Docker& docker, const Container& container, const std::string& action, const std::string& user,
                      std::chrono::milliseconds grace) {
  auto end = std::chrono::steady_clock::now() + grace;
  for (int signal = SIGTERM;; signal = std::chrono::steady_clock::now() < end ? SIGTERM : SIGKILL) {
    std::vector<int> left = find(docker, container, action, user, signal);
    if (left.empty()) return;
    if (signal == SIGKILL && std::chrono::steady_clock::now() > end + 30s)
      throw Error(Code::container_failed,
                  "process " + std::to_string(left[0]) + " in " + container.name + " cannot be ended: it outlived SIGKILL for 30 seconds",
                  "`docker top " + container.name + "` shows it");
    docker.tools().cancel.wait(100ms);
  }
}

}  // namespace playbook
