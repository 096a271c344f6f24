#include "runtime/process/service.h"

#include <algorithm>

#include "runtime/base/clock.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kQuestion{20'000};  // for a status
constexpr milliseconds kFirstLook{20}, kLongestPause{500};

[[noreturn]] void refuse(const std::string& message) {
  throw Error(
      Code::argument_invalid, "service: " + message,
      "give {systemd=\"NAME.service\"}, or {name=\"NAME\", start={...}, stop={...}, status={...}} with the operator's own commands");
}

std::vector<std::string> argv_of(const Json& description, const char* key) {
  const Json& value = description.at(key);
  bool strings =
      value.is_array() && !value.empty() && std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); });
  if (!strings) refuse(std::string("\"") + key + "\" must be a command, a list of strings that is not empty");
  return value.get<std::vector<std::string>>();
}

void check(const Json& description) {
  if (!description.is_object()) refuse("expected a map");
  bool systemd = description.contains("systemd");
  const std::vector<std::string> known =
      systemd ? std::vector<std::string>{"systemd", "type"}
              : std::vector<std::string>{"name", "start", "stop", "status", "fence", "unfence", "folder", "env", "type"};
  for (const auto& [key, value] : description.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      refuse("\"" + key + "\" does not belong there" + did_you_mean(key, known));
  const char* named = systemd ? "systemd" : "name";
  if (!description.contains(named) || !description[named].is_string() || description[named].get<std::string>().empty())
    refuse(std::string("\"") + named + "\" must be a string that is not empty");
  if (systemd) return;
  for (const char* key : {"start", "stop", "status"})
    if (!description.contains(key)) refuse("\"" + description["name"].get<std::string>() + "\" lacks the command \"" + key + "\"");
  for (const char* key : {"start", "stop", "status", "fence", "unfence"})
    if (description.contains(key)) argv_of(description, key);
  if (description.contains("folder") && !description["folder"].is_string()) refuse("\"folder\" must be a path");
  if (description.contains("env") && !description["env"].is_object() && !description["env"].empty()) refuse("\"env\" must be a map");
  if (description.contains("fence") != description.contains("unfence")) refuse("\"fence\" and \"unfence\" belong together");
}

// What a failed command said: its last line that is not blank.
std::string last_words(const Exit& exit) {
  std::vector<std::string> lines = split(exit.err.empty() ? exit.out : exit.err, '\n');
  auto last = std::find_if(lines.rbegin(), lines.rend(), [](const std::string& line) { return !trim(line).empty(); });
  return last == lines.rend() ? "it said nothing" : to_utf8(trim(*last)).substr(0, 500);
}

class CommandRunner {
 public:
  explicit CommandRunner(ServiceTools tools) : tools_(std::move(tools)) {}

  Exit run(const std::vector<std::string>& argv, milliseconds deadline, bool leaves_daemon = false, bool quiet = false) const {
    Command command;
    command.argv = argv;
    command.folder = tools_.folder;
    command.environment = tools_.environment;
    command.deadline = deadline;
    command.leaves_daemon = leaves_daemon;
    command.capture_limit = 64 * 1024;
    Exit exit = tools_.children.run(command, quiet ? nullptr : tools_.line, &tools_.cancel);
    if (exit.cancelled) throw Error(Code::cancelled, join(argv, " ") + " was cancelled and ended");
    if (exit.timed_out) throw Error(Code::timeout, join(argv, " ") + " did not end within " + humane(deadline) + " and was ended");
    return exit;
  }

  void must(const std::string& what, const std::vector<std::string>& argv, milliseconds deadline, bool leaves_daemon = false) const {
    Exit exit = run(argv, deadline, leaves_daemon);
    if (exit.status == 0) return;
    throw Error(Code::service_failed,
                "cannot " + what + ": " + join(argv, " ") + " ended with status " + std::to_string(exit.status) + ": " + last_words(exit),
                "", {{"argv", argv}, {"status", exit.status}});
  }

 private:
  ServiceTools tools_;
};

class SystemdService final : public Service {
 public:
  SystemdService(std::string unit, ServiceTools tools) : unit_(std::move(unit)), runner_(std::move(tools)) {}

  const std::string& name() const override { return unit_; }

  State state() override {
    std::string active = show().at("ActiveState");
    if (active == "active" || active == "reloading" || active == "refreshing") return State::running;
    if (active == "inactive" || active == "failed") return State::stopped;
    if (active == "activating" || active == "deactivating" || active == "maintenance") return State::changing;
    throw Error(Code::service_failed, "systemd says of " + unit_ + " that it is \"" + active + "\", which is not known here");
  }
  void start(milliseconds deadline) override { runner_.must("start " + unit_, {"systemctl", "start", "--", unit_}, deadline); }
  void stop(milliseconds deadline) override { runner_.must("stop " + unit_, {"systemctl", "stop", "--", unit_}, deadline); }

  bool can_fence() const override { return true; }
  std::optional<Json> startup() override {
    const auto values = show();
    return Json{{"unit_file", values.at("UnitFileState")}, {"restart", values.at("Restart")}};
  }
  bool starts_by_itself(const Json& startup) const override { return is_enabled(startup) || restarts(startup); }

  void fence() override {
    const Json now = *startup();
    if (is_enabled(now)) runner_.must("fence " + unit_, {"systemctl", "disable", "--", unit_}, kQuestion);
    if (!restarts(now)) return;
    const fs::path file = drop_in();
    fs::create_directories(file.parent_path());
    replace_file(file, "# By playbook, until its run lets go of the unit.\n[Service]\nRestart=no\n");
    reload();
    if (restarts(*startup()))
      throw Error(Code::service_failed, "systemd still restarts " + unit_ + " although " + file.string() + " says Restart=no",
                  "`systemctl cat " + unit_ + "` tells which drop-in wins over it");
  }
  void unfence(const Json& recorded) override {
    if (restarts(recorded) && !restarts(*startup())) {
      const fs::path file = drop_in();
      remove_file(file);
      std::error_code stays_where_others_are;
      fs::remove(file.parent_path(), stays_where_others_are);
      reload();
    }
    if (!is_enabled(recorded) || is_enabled(*startup())) return;
    bool until_boot = recorded.at("unit_file") == "enabled-runtime";
    std::vector<std::string> argv{"systemctl", "enable"};
    if (until_boot) argv.push_back("--runtime");
    argv.insert(argv.end(), {"--", unit_});
    runner_.must("unfence " + unit_, argv, kQuestion);
  }

 private:
  static bool is_enabled(const Json& startup) { return get_or<std::string>(startup, "unit_file", "").starts_with("enabled"); }
  static bool restarts(const Json& startup) {
    const std::string how = get_or<std::string>(startup, "restart", "");
    return !how.empty() && how != "no";
  }

  void reload() const { runner_.must("fence " + unit_, {"systemctl", "daemon-reload"}, kQuestion); }

  /// In the folder of units that are gone after a boot, wherever this systemd has it.
  fs::path drop_in() const {
    const Exit exit = runner_.run({"systemctl", "show", "--property=UnitPath"}, kQuestion, false, true);
    for (const std::string& folder : split(std::string(trim(exit.out.substr(exit.out.find('=') + 1))), ' '))
      if (folder.ends_with("/run/systemd/system")) return fs::path(folder) / (unit_ + ".d") / "zz-playbook.conf";
    throw Error(Code::service_failed,
                "systemd names no folder of units that are gone after a boot, so that Restart= of " + unit_ + " stays",
                "`systemctl show --property=UnitPath` lists its folders");
  }

  std::map<std::string, std::string> show() const {
    std::vector<std::string> argv{"systemctl", "show", "--property=LoadState,ActiveState,UnitFileState,Restart", "--", unit_};
    Exit exit = runner_.run(argv, kQuestion, false, true);
    std::map<std::string, std::string> values{{"LoadState", ""}, {"ActiveState", ""}, {"UnitFileState", ""}, {"Restart", ""}};
    for (const std::string& line : split(exit.out, '\n'))
      if (size_t equals = line.find('='); equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    if (exit.status != 0) throw Error(Code::service_failed, "cannot ask systemd about " + unit_ + ": " + last_words(exit));
    if (values["LoadState"] == "not-found")
      throw Error(Code::service_failed, "systemd knows no unit " + unit_, "`systemctl list-units --all` lists what it knows");
    return values;
  }

  std::string unit_;
  CommandRunner runner_;
};

class OperatorService final : public Service {
 public:
  OperatorService(const Json& description, ServiceTools tools)
      : description_(description), name_(description.at("name")), runner_(std::move(tools)) {}

  const std::string& name() const override { return name_; }

  State state() override {
    std::vector<std::string> argv = argv_of(description_, "status");
    Exit exit = runner_.run(argv, kQuestion, false, true);
    if (exit.status == 0) return State::running;
    if (exit.status == 3) return State::stopped;
    throw Error(Code::service_failed,
                "cannot tell whether " + name_ + " runs: " + join(argv, " ") + " ended with status " + std::to_string(exit.status) +
                    ", expected 0 (running) or 3 (stopped): " + last_words(exit),
                "", {{"argv", argv}, {"status", exit.status}});
  }
  void start(milliseconds deadline) override { runner_.must("start " + name_, argv_of(description_, "start"), deadline, true); }
  void stop(milliseconds deadline) override { runner_.must("stop " + name_, argv_of(description_, "stop"), deadline); }

  bool can_fence() const override { return description_.contains("fence"); }
  std::optional<Json> startup() override { return std::nullopt; }
  bool starts_by_itself(const Json&) const override { return true; }
  void fence() override {
    if (can_fence()) runner_.must("fence " + name_, argv_of(description_, "fence"), kQuestion);
  }
  void unfence(const Json&) override {
    if (can_fence()) runner_.must("unfence " + name_, argv_of(description_, "unfence"), kQuestion);
  }

 private:
  Json description_;
  std::string name_;
  CommandRunner runner_;
};

}  // namespace

std::string_view to_string(Service::State state) {
  constexpr std::string_view kNames[] = {"stopped", "running", "changing"};
  return kNames[static_cast<size_t>(state)];
}

std::unique_ptr<Service> make_service(const Json& description, ServiceTools tools) {
  check(description);
  if (description.contains("systemd")) return std::make_unique<SystemdService>(description["systemd"], std::move(tools));
  return std::make_unique<OperatorService>(description, std::move(tools));
}

std::string service_name(const Json& description) {
  check(description);
  return description.at(description.contains("systemd") ? "systemd" : "name");
}

void await(Service& service, Service::State wanted, milliseconds deadline, const CancelToken& cancel) {
  auto started = std::chrono::steady_clock::now();
  for (milliseconds pause = kFirstLook;; pause = std::min(pause * 2, kLongestPause)) {
    Service::State state = service.state();
    if (state == wanted) return;
    if (std::chrono::steady_clock::now() - started >= deadline)
      throw Error(Code::timeout,
                  service.name() + " is " + std::string(to_string(state)) + " " + humane(deadline) + " after it was told to " +
                      (wanted == Service::State::running ? "start" : "stop"),
                  "look at its own log");
    if (!cancel.wait(pause)) cancel.check();
  }
}

}  // namespace playbook
