#include "runtime/container/docker.h"

#include <algorithm>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

using namespace std::chrono_literals;

constexpr size_t kAnswer = 16 << 20;  // of one question; `docker inspect` gives some 8 KiB a container

Container container_from(const Json& found) {
  const Json &state = found.at("State"), &labels = found.at("Config").at("Labels"), &policy = found.at("HostConfig").at("RestartPolicy");
  Container container;
  container.id = found.at("Id");
  container.name = found.at("Name").get<std::string>().substr(1);
  container.service = get_or<std::string>(labels, "com.docker.compose.service", "");
  container.image = found.at("Config").at("Image");
  container.image_id = found.at("Image");
  container.state = state.at("Status");
  if (state.contains("Health")) container.health = get_or<std::string>(state["Health"], "Status", "");
  container.exit_code = state.at("ExitCode");
  container.restarts = found.at("RestartCount");
  container.policy = get_or<std::string>(policy, "Name", "no");
  if (container.policy.empty()) container.policy = "no";
  if (int most = get_or(policy, "MaximumRetryCount", 0); most > 0) container.policy += ":" + std::to_string(most);
  container.created = found.at("Created");
  container.started = state.at("StartedAt");
  container.finished = state.at("FinishedAt");
  return container;
}

}  // namespace

std::string last_words(const Exit& exit) {
  std::vector<std::string> lines = split(trim(exit.err).empty() ? exit.out : exit.err, '\n');
  auto last = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) { return !trim(line).empty(); });
  if (last == lines.rend()) return "it said nothing";
  std::string text = to_utf8(trim(*last));
  for (std::string_view prefix : {"Error response from daemon: ", "Error: "})
    if (text.starts_with(prefix)) text = text.substr(prefix.size());
  return text.substr(0, 500);
}

Exit Docker::run(Command command, bool quiet) const {
  command.environment.emplace("PLAYBOOK_ACTION", tools_.action);
  Exit exit = tools_.children.run(command, quiet ? nullptr : tools_.line, &tools_.cancel);
  std::string shown = command.argv[0] + (command.argv.size() > 1 ? " " + command.argv[1] : "");
  if (exit.cancelled) throw Error(Code::cancelled, shown + " was cancelled and ended");
  if (exit.timed_out) throw Error(Code::timeout, shown + " did not end within " + humane(*command.deadline) + " and was ended");
  return exit;
}

std::string Docker::must(const std::string& what, const std::vector<std::string>& arguments, bool quiet,
                         std::chrono::milliseconds deadline) const {
  Command command;
  command.argv = {"docker"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.deadline = deadline;
  command.capture_limit = kAnswer;
  Exit exit = run(std::move(command), quiet);
  if (exit.status == 0) return exit.out;
  std::string said = last_words(exit);
  std::string hint =
      said.find("Cannot connect to the Docker daemon") != std::string::npos || said.find("permission denied") != std::string::npos
          ? "`docker version` must work for this user"
          : "";
  throw Error(Code::container_failed, "cannot " + what + ": " + said, hint);
}

std::string Docker::version() const {
  return std::string(trim(must("ask the Docker engine", {"version", "--format", "{{.Server.Version}}"})));
}

std::vector<Container> Docker::containers(const std::vector<std::string>& labels) const {
  std::vector<std::string> question{"ps", "--all", "--quiet", "--no-trunc"};
  for (const std::string& label : labels) question.insert(question.end(), {"--filter", "label=" + label});
  for (int attempt = 1;; ++attempt) {
    std::vector<std::string> look{"inspect", "--type", "container"};
    for (const std::string& id : split(trim(must("list containers", question)), '\n'))
      if (!id.empty()) look.push_back(id);
    if (look.size() == 3) return {};
    try {
      std::vector<Container> found;
      for (const Json all = parse_json(must("look at containers", look), "docker inspect"); const Json& one : all)
        found.push_back(container_from(one));
      std::sort(found.begin(), found.end(), [](const Container& a, const Container& b) { return a.name < b.name; });
      return found;
    } catch (const Error& error) {  // one went between the two questions
      if (error.code() != Code::container_failed || attempt == 3) throw;
    }
  }
}

std::vector<Container> Docker::running(const std::vector<std::string>& labels) const {
  std::vector<std::string> question{"ps", "--no-trunc", "--format",
                                    "{{.ID}}\t{{.Names}}\t{{.Label \"com.docker.compose.service\"}}\t{{.Status}}"};
  for (const std::string& label : labels) question.insert(question.end(), {"--filter", "label=" + label});
  std::vector<Container> found;
  for (const std::string& line : split(must("list containers", question), '\n')) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields.size() != 4) continue;
    Container& one = found.emplace_back();
    one.id = fields[0], one.name = fields[1], one.service = fields[2];
    const std::string& status = fields[3];  // `Up 3 minutes (Paused)`, `Restarting (1) 3 seconds ago`
    one.state = status.starts_with("Restarting") ? "restarting" : status.find("(Paused)") != std::string::npos ? "paused" : "running";
  }
  return found;
}

std::optional<Json> Docker::image(const std::string& reference) const {
  Command command;
  command.argv = {"docker", "image", "inspect", "--", reference};
  command.deadline = 1min;
  command.capture_limit = kAnswer;
  Exit exit = run(std::move(command));
  if (exit.status == 0) return parse_json(exit.out, "docker image inspect").at(0);
  if (exit.err.find("No such image") != std::string::npos) return std::nullopt;
  throw Error(Code::container_failed, "cannot look at image " + reference + ": " + last_words(exit));
}

std::map<std::string, std::string> Docker::image_ids(const std::vector<std::string>& references) const {
  std::map<std::string, std::string> ids;
  Command command;
  command.argv = {"docker", "image", "inspect", "--format", "{{.Id}}", "--"};
  command.argv.insert(command.argv.end(), references.begin(), references.end());
  command.deadline = 1min;
  if (references.size() > 1) {
    Exit exit = run(std::move(command));
    const std::vector<std::string> lines = split(trim(exit.out), '\n');
    if (exit.status == 0 && lines.size() == references.size()) {
      for (size_t i = 0; i < lines.size(); ++i) ids[references[i]] = trim(lines[i]);
      return ids;
    }
  }
  for (const std::string& reference : references)
    if (const std::optional<Json> found = image(reference)) ids[reference] = found->at("Id");
  return ids;
}

Json Docker::details(const std::string& container) const {
  return parse_json(must("look at container " + container, {"inspect", "--type", "container", "--", container}), "docker inspect").at(0);
}

std::map<std::string, std::string> Docker::environment(const Container& container) const {
  std::map<std::string, std::string> variables;
  for (const Json found = details(container.id); const Json& line : found.at("Config").at("Env")) {
    const auto text = line.get<std::string>();
    if (const size_t equals = text.find('='); equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

// A container that is just ending counts as running for the engine and cannot be updated as such; a moment later it can.
void Docker::set_policy(const Container& container, const std::string& policy) const {
  const std::vector<std::string> order{"update", "--restart=" + policy, container.id};
  Command command;
  command.argv = order;
  command.argv.insert(command.argv.begin(), "docker");
  command.deadline = 1min;
  for (auto end = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < end;) {
    Exit exit = run(command);
    if (exit.status == 0) return;
    if (exit.err.find("update a stopped container") == std::string::npos || !tools_.cancel.wait(100ms)) break;
  }
  must("set the restart policy of " + container.name, order);
}

std::vector<std::string> Docker::last_lines(const Container& container, int count) const {
  Command command;
  command.argv = {"docker", "logs", "--tail", std::to_string(count), container.id};
  command.deadline = 1min;
  std::vector<std::string> lines;
  command.capture_limit = 0;
  command.environment["PLAYBOOK_ACTION"] = tools_.action;
  tools_.children.run(
      command, [&](Stream, std::string_view line) { lines.push_back(to_utf8(line)); }, &tools_.cancel);
  return lines;
}

}  // namespace playbook
