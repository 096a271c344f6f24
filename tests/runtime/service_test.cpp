// Services as an operator's own commands with real processes, and as systemd units. There is no systemd where tests run: a script named
// systemctl, first in PATH, stands in for it; it keeps its state in files and answers as systemd 252 does.
#include "runtime/process/service.h"

#include <cstdlib>

#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using playbook::testing::error_of;
using playbook::testing::PrimitiveFixture;

namespace {

constexpr const char* kControl = R"sh(#!/bin/sh
# start leaves a daemon that holds `held` locked; status asks that lock.
echo "$1" >> calls
running() { ! flock -n held true; }
case $1 in
  start) exec 9>held; flock 9; sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > pid ;;
  stop) kill "$(cat pid)"; flock held rm pid ;;
  status) running || exit 3 ;;
  fence) touch fenced ;;
  unfence) rm fenced ;;
  broken) echo "cannot tell" >&2; exit 4 ;;
esac
)sh";

constexpr const char* kSystemctl = R"sh(#!/bin/sh
cd "$(dirname "$0")" || exit 1
verb=$1
for unit do :; done
case $verb in
  show) [ "$unit" = --property=UnitPath ] && { echo "UnitPath=/etc/systemd/system $PWD/run/systemd/system"; exit; }
        [ "$unit" = shop.service ] && loaded=loaded || loaded=not-found
        printf 'LoadState=%s\nActiveState=%s\nUnitFileState=%s\nRestart=%s\n' $loaded "$(cat active)" "$(cat unit_file)" "$(cat restart)"; exit ;;
  daemon-reload) cp own_restart restart; cat run/systemd/system/shop.service.d/*.conf 2>/dev/null | sed -n 's/^Restart=//p' | grep . > said && cp said restart ;;
  start) echo active > active ;;
  stop) echo inactive > active ;;
  enable) [ "$2" = --runtime ] && echo enabled-runtime > unit_file || echo enabled > unit_file ;;
  disable) echo disabled > unit_file ;;
esac
echo "$*" >> calls
)sh";

struct ServiceFixture : PrimitiveFixture {
  ServiceFixture() {
    environment.children = children.get();
    add_program("ctl", kControl);
  }
  ~ServiceFixture() {
    if (try_read_file(instance / "pid")) call("service.stop", shop());
  }
  std::unique_ptr<Children> children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});

  void add_program(const std::string& name, const char* content) {
    instance_folder.write(name, content);
    std::filesystem::permissions(instance / name, std::filesystem::perms::owner_all);
  }
  Json shop() const {
    return {{"service", {{"name", "shop"}, {"start", {"./ctl", "start"}}, {"stop", {"./ctl", "stop"}}, {"status", {"./ctl", "status"}}}}};
  }
  Json fenceable() const {
    Json description = shop();
    description["service"]["fence"] = {"./ctl", "fence"};
    description["service"]["unfence"] = {"./ctl", "unfence"};
    return description;
  }
  /// Leaves `record` alone.
  std::string status(const Json& description) {
    Record kept = record;
    std::string answer = call("service.status", description);
    record = kept;
    return answer;
  }
  std::string calls() const { return try_read_file(instance / "calls").value_or(""); }
};

// PATH is of the process: set while no child runs, and put back.
struct SystemdFixture : ServiceFixture {
  SystemdFixture() : path_before(std::getenv("PATH")) {
    add_program("systemctl", kSystemctl);
    setenv("PATH", (instance.string() + ":" + path_before).c_str(), 1);
    set("active", "active");
    set("unit_file", "enabled");
    for (const char* file : {"restart", "own_restart"}) set(file, "no");
  }
  ~SystemdFixture() { setenv("PATH", path_before.c_str(), 1); }
  void set(const std::string& what, const std::string& value) { instance_folder.write(what, value + "\n"); }
  std::string get(const std::string& what) { return std::string(trim(read_file(instance / what))); }

  Json unit{{"service", {{"systemd", "shop.service"}}}};
  std::string path_before;
};

}  // namespace

TEST_CASE_METHOD(ServiceFixture, "an operator's service starts, stays, stops, and says which") {
  CHECK(status(shop()) == "stopped");
  CHECK(call("service.start", shop()) == Json{{"was", "stopped"}, {"now", "running"}});
  CHECK(status(shop()) == "running");
  CHECK(call("service.start", shop()) == Json{{"was", "running"}, {"now", "running"}});
  CHECK(call("service.stop", shop()) == Json{{"was", "running"}, {"now", "stopped"}});
  CHECK(status(shop()) == "stopped");
}

TEST_CASE_METHOD(ServiceFixture, "a service outlives the run that started it") {
  call("service.start", shop());
  children.reset();
  children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
  environment.children = children.get();
  CHECK(status(shop()) == "running");
}

TEST_CASE_METHOD(ServiceFixture, "undo of a stop starts only what ran, undo of a start stops only what did not") {
  call("service.stop", shop());
  undo();
  CHECK(status(shop()) == "stopped");
  call("service.start", shop());
  Record started = record;
  call("service.stop", shop());
  undo();
  CHECK(status(shop()) == "running");
  record = started;
  undo();
  CHECK(status(shop()) == "stopped");
  undo();
  CHECK(status(shop()) == "stopped");
}

TEST_CASE_METHOD(ServiceFixture, "after a crash the status decides, and drift is said in words") {
  begin("service.start", shop());
  CHECK(probe().state == Probe::State::not_done);
  call("service.start", shop());
  CHECK(probe().state == Probe::State::done);
  CHECK(probe().result == Json{{"was", "stopped"}, {"now", "running"}});
  CHECK_FALSE(drift());
  Record started = record;
  call("service.stop", shop());
  CHECK(probe().state == Probe::State::done);
  CHECK_FALSE(drift());
  Record stopped = record;
  record = started;
  CHECK(drift() == "service shop is stopped although the run had started it");
  call("service.start", shop());
  record = stopped;
  CHECK(probe().state == Probe::State::not_done);
  CHECK(drift() == "service shop runs although the run had stopped it");
}

TEST_CASE_METHOD(ServiceFixture, "a plan runs nothing, and what follows sees what is planned") {
  CHECK(plan("service.start", shop()).text == "start shop");
  CHECK(plan("service.status", shop()).result == "running");
  CHECK(plan("service.stop", shop()).result == Json{{"was", "running"}, {"now", "stopped"}});
  CHECK(plan("service.status", shop()).result == "stopped");
  CHECK(plan("service.stop", shop()).text == "leave shop stopped");
  CHECK(plan("service.fence", shop()).text == "shop has no fence command: see to it that nothing else starts it meanwhile");
  CHECK(plan("service.fence", fenceable()).text == "fence shop: nothing starts it by itself");
  CHECK(plan("service.unfence", fenceable()).text == "lift the fence of shop");
  CHECK(calls() == "status\n");
}

TEST_CASE_METHOD(ServiceFixture, "what the engine has to know of services") {
  Json args = shop();
  CHECK(registry.at("service.start").may_lose_data(args));
  CHECK_FALSE(registry.at("service.stop").may_lose_data(args));
  CHECK(registry.at("service.stop").repeatable());
  CHECK(registry.at("service.fence").repeatable());
  CHECK_FALSE(registry.at("service.start").repeatable());
}

TEST_CASE_METHOD(ServiceFixture, "a service that cannot be understood is never taken for stopped") {
  struct Case {
    std::vector<std::string> status;
    std::string message;
  };
  const std::vector<Case> cases{
      {{"./ctl", "broken"},
       "cannot tell whether shop runs: ./ctl broken ended with status 4, expected 0 (running) or 3 (stopped): cannot tell"},
      {{"false"}, "cannot tell whether shop runs: false ended with status 1, expected 0 (running) or 3 (stopped): it said nothing"},
      {{"sh", "-c", "kill -TERM $$"},
       "cannot tell whether shop runs: sh -c kill -TERM $$ ended with status 143, expected 0 (running) or 3 (stopped): it said nothing"},
      {{"no-such"}, ""},
  };
  for (const Case& expected : cases)
    for (const char* verb : {"service.status", "service.stop", "service.start"}) {
      Json description = shop();
      description["service"]["status"] = expected.status;
      Error error = error_of([&] { call(verb, description); });
      CHECK(error.code() == (expected.message.empty() ? Code::process_missing : Code::service_failed));
      if (!expected.message.empty()) CHECK(error.message() == expected.message);
    }
}

TEST_CASE_METHOD(ServiceFixture, "a command that fails or changes nothing is an error") {
  Json description = shop();
  description["deadline"] = 0.05;
  description["service"]["start"] = {"true"};
  CHECK(error_of([&] { call("service.start", description); }).message() == "shop is stopped 50ms after it was told to start");
  description["service"]["start"] = {"sh", "-c", "echo port in use >&2; exit 2"};
  CHECK(error_of([&] { call("service.start", description); }).message() ==
        "cannot start shop: sh -c echo port in use >&2; exit 2 ended with status 2: port in use");
}

TEST_CASE_METHOD(ServiceFixture, "a wrong description is refused with what was meant") {
  struct Case {
    Json service;
    std::string message;
  };
  const std::vector<Case> cases{
      {Json::object(), "service: \"name\" must be a string that is not empty"},
      {{{"systemd", 7}}, "service: \"systemd\" must be a string that is not empty"},
      {{{"systemd", "a.service"}, {"start", {"x"}}}, "service: \"start\" does not belong there"},
      {{{"name", "shop"}, {"strat", {"x"}}}, "service: \"strat\" does not belong there; did you mean \"start\"?"},
      {{{"name", "shop"}, {"start", {"x"}}, {"stop", {"x"}}}, "service: \"shop\" lacks the command \"status\""},
      {{{"name", "shop"}, {"start", "x"}, {"stop", {"x"}}, {"status", {"x"}}},
       "service: \"start\" must be a command, a list of strings that is not empty"},
      {{{"name", "shop"}, {"start", {"x"}}, {"stop", {"x"}}, {"status", {"x"}}, {"folder", 1}}, "service: \"folder\" must be a path"},
      {{{"name", "shop"}, {"start", {"x"}}, {"stop", {"x"}}, {"status", {"x"}}, {"env", "A=b"}}, "service: \"env\" must be a map"},
      {{{"name", "shop"}, {"start", {"x"}}, {"stop", {"x"}}, {"status", {"x"}}, {"env", {{"A", 1}}}},
       "service: env.A must be a string or a secret reference"},
      {{{"name", "shop"}, {"start", {"x"}}, {"stop", {"x"}}, {"status", {"x"}}, {"fence", {"x"}}},
       "service: \"fence\" and \"unfence\" belong together"},
  };
  for (const Case& wrong : cases) CHECK(error_of([&] { call("service.status", {{"service", wrong.service}}); }).message() == wrong.message);
}

TEST_CASE_METHOD(ServiceFixture, "an operator's fence is put up and lifted by the operator's commands, by whoever comes") {
  CHECK(call("service.unfence", fenceable()) == Json{{"fence_stood", false}});
  CHECK(call("service.fence", fenceable()) == Json{{"fenced", true}});
  CHECK(std::filesystem::exists(instance / "fenced"));
  CHECK(call("service.unfence", fenceable()) == Json{{"fence_stood", true}});
  CHECK_FALSE(std::filesystem::exists(instance / "fenced"));
  undo();
  CHECK(std::filesystem::exists(instance / "fenced"));
  CHECK(call("service.fence", shop()) == Json{{"fenced", false}});
  CHECK(logged.back().second == "shop has no fence command: see to it that nothing else starts it meanwhile");
}

TEST_CASE_METHOD(SystemdFixture, "a unit is started and stopped, and in between it is neither") {
  CHECK(status(unit) == "running");
  CHECK(call("service.stop", unit) == Json{{"was", "running"}, {"now", "stopped"}});
  CHECK(call("service.start", unit) == Json{{"was", "stopped"}, {"now", "running"}});
  CHECK(calls() == "stop -- shop.service\nstart -- shop.service\n");
  set("active", "activating");
  CHECK(status(unit) == "changing");
  set("active", "failed");
  CHECK(status(unit) == "stopped");
  set("active", "strange");
  CHECK(error_of([&] { status(unit); }).message() == "systemd says of shop.service that it is \"strange\", which is not known here");
}

TEST_CASE_METHOD(SystemdFixture, "a unit that systemd does not know is not a stopped one") {
  Error error = error_of([&] { call("service.stop", {{"service", {{"systemd", "shpo.service"}}}}); });
  CHECK(error.code() == Code::service_failed);
  CHECK(error.message() == "systemd knows no unit shpo.service");
}

TEST_CASE_METHOD(SystemdFixture, "a fence disables what is enabled, and unfence restores just that") {
  struct Case {
    std::string before, fenced, calls;
  };
  const std::vector<Case> cases{
      {"enabled", "disabled", "disable -- shop.service\nenable -- shop.service\n"},
      {"enabled-runtime", "disabled", "disable -- shop.service\nenable --runtime -- shop.service\n"},
      {"disabled", "disabled", ""},
      {"static", "static", ""},
      {"masked", "masked", ""},
  };
  for (const Case& expected : cases) {
    std::filesystem::remove(instance / "calls");
    set("unit_file", expected.before);
    call("service.fence", unit);
    CHECK(get("unit_file") == expected.fenced);
    call("service.fence", unit);  // once more, as a resume does
    call("service.unfence", unit);
    CHECK(get("unit_file") == expected.before);
    CHECK(calls() == expected.calls);
  }
}

TEST_CASE_METHOD(SystemdFixture, "undo of a fence and of an unfence restore what was, and tolerate a half-done one") {
  begin("service.fence", unit);
  undo();
  CHECK(get("unit_file") == "enabled");
  call("service.fence", unit);
  Record first = record;
  call("service.fence", unit);
  undo();  // the second found a fence and leaves it
  CHECK(get("unit_file") == "disabled");
  record = first;
  undo();
  CHECK(get("unit_file") == "enabled");
  call("service.fence", unit);
  call("service.unfence", unit);
  undo();
  CHECK(get("unit_file") == "disabled");
}

TEST_CASE_METHOD(SystemdFixture, "a fenced unit that somebody enabled has drifted, and a new fence records it anew") {
  call("service.fence", unit);
  CHECK_FALSE(drift());
  set("unit_file", "enabled-runtime");
  CHECK(drift() == "service shop.service would start by itself although the run had fenced it");
  call("service.fence", unit);
  call("service.unfence", unit);
  CHECK(get("unit_file") == "enabled-runtime");
}

TEST_CASE_METHOD(SystemdFixture, "a fenced unit is not restarted by systemd when it crashes, until the fence is lifted") {
  for (const char* file : {"restart", "own_restart"}) set(file, "always");
  set("unit_file", "static");
  const std::filesystem::path drop_in = instance / "run/systemd/system/shop.service.d/zz-playbook.conf";
  call("service.fence", unit);
  CHECK(get("restart") == "no");
  CHECK(read_file(drop_in) == "# By playbook, until its run lets go of the unit.\n[Service]\nRestart=no\n");
  call("service.fence", unit);  // once more, as a resume does
  CHECK_FALSE(drift());
  call("service.unfence", unit);
  CHECK(get("restart") == "always");
  CHECK_FALSE(std::filesystem::exists(drop_in.parent_path()));
  CHECK(calls() == "daemon-reload\ndaemon-reload\n");
}

TEST_CASE_METHOD(SystemdFixture, "a unit that systemd goes on to restart behind its fence is an error, not a fence") {
  set("restart", "always");
  set("own_restart", "always");
  add_program("systemctl", (std::string(kSystemctl).replace(std::string(kSystemctl).find("cp said restart"), 15, "true")).c_str());
  const Error error = error_of([&] { call("service.fence", unit); });
  CHECK(error.message() == "systemd still restarts shop.service although " +
                               (instance / "run/systemd/system/shop.service.d/zz-playbook.conf").string() + " says Restart=no");
}
