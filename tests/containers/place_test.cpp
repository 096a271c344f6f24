// Programs in containers: what reaches them, and that they are found and ended after their client is gone.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/container/service_place.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

constexpr const char* kOne = "services: {app: {image: \"@shell@\", command: [\"sleep\", \"1000\"], user: \"999\"}}\n";

struct One : ComposeFixture {
  One() : ComposeFixture(kOne) { call("compose.up", {{"project", project}}); }
  Json args(std::vector<std::string> argv, Json more = Json::object()) const {
    more.update({{"project", project}, {"service", "app"}, {"argv", std::move(argv)}});
    return more;
  }
  /// How many processes of the container have this argument; looks as the engine does, not as the product.
  int count(const std::string& argument) {
    return std::stoi(output_of("docker top " + container("app").at("id").get<std::string>() + " -eo pid,args | grep -c '[s]leep " +
                               argument + "' || true"));
  }
  void wait_for(const std::string& argument) {
    while (count(argument) == 0) {
    }
  }
};

/// Children for whom `docker top` fails, as for who is not root and sees no process of the container from the host.
class InsideOnly final : public Children {
 public:
  explicit InsideOnly(Children& real) : real_(real) {}
  Exit run(const Command& command, const LineSink& line, const CancelToken* cancel) override {
    if (command.argv.size() > 1 && command.argv[1] == "top") {
      Exit refused;
      refused.status = 1;
      return refused;
    }
    return real_.run(command, line, cancel);
  }

 private:
  Children& real_;
};

// Runs `primitive` in a process of its own and kills that, client and guardian's hold included, once the program runs in the container.
void killed_within(One& one, const std::string& primitive, const Json& args, const std::function<bool()>& runs) {
  pid_t child = fork();
  if (child == 0) {
    (void)one.children.release();  // the parent's guardian is not for this process to end
    one.children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
    one.environment.children = one.children.get();
    try {
      one.call(primitive, args);
    } catch (...) {
    }
    _exit(0);
  }
  while (!runs()) {
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

}  // namespace

TEST_CASE("a program in a container gets its input and its environment, and no argument tells a secret", "[place]") {
  One one;
  Variable secret("PLAYBOOK_TEST_SECRET", "s p$a\"ce");
  Json env{{"TOKEN", {{"type", "secret"}, {"source", "env"}, {"name", "PLAYBOOK_TEST_SECRET"}}}};
  CHECK(one.call("compose.read", one.args({"sh", "-c", "cat; printf %s \"$TOKEN\" | wc -c; id -u"}, {{"env", env}, {"input", "in\n"}})) ==
        Json{{"status", 0}, {"out", "in\n8\n999\n"}, {"err", ""}});
  CHECK(one.call("compose.read", one.args({"sh", "-c", "echo $TOKEN; pwd"}, {{"env", env}, {"folder", "/tmp"}, {"user", "0"}})).at("out") ==
        "«PLAYBOOK_TEST_SECRET»\n/tmp\n");
  CHECK(error_of([&] {
          one.call("compose.read", one.args({"sh", "-c", "echo no >&2; exit 4"}));
        }).message() == "sh -c 'echo no >&2; exit 4' ended with status 4: no");
  CHECK(error_of([&] { one.call("compose.read", one.args({"no-such-program"})); }).message() ==
        "no-such-program is not in the container of service app");
  one.call("compose.stop", {{"project", one.project}});
  CHECK(error_of([&] { one.call("compose.read", one.args({"true"})); }).message() ==
        "service app of " + one.name + " does not run: it is exited");
}

TEST_CASE("a program in a container does not outlive its deadline", "[place]") {
  One one;
  CHECK(error_of([&] {
          one.call("compose.exec", one.args({"sleep", "701"}, {{"deadline", 1}}));
        }).message() == "sleep 701 did not end within 1.0s and was ended");
  CHECK(one.count("701") == 0);
  CHECK(one.count("1000") == 1);
}

TEST_CASE("a program in a container that outlived its client is found by its action id, whoever it runs as", "[place]") {
  One one;
  std::string user = GENERATE("", "0", "33");
  bool from_inside = GENERATE(false, true);
  if (from_inside && user == "0") return;  // hidden there: the next test
  INFO("as user \"" << user << "\"" << (from_inside ? ", seen from inside" : ""));
  Json args = one.args({"sleep", "702"}, {{"user", user}, {"repeat_safe", true}});
  killed_within(one, "compose.exec", args, [&] { return one.count("702") > 0; });
  InsideOnly inside(*one.children);
  if (from_inside) one.environment.children = &inside;
  one.begin("compose.exec", args);  // the same action as in the killed process
  CHECK(one.count("702") == 1);
  Probe probe = one.probe();
  CHECK(probe.state == Probe::State::running);
  CHECK_THAT(probe.explanation, StartsWith("sleep 702 in service app, process "));

  CancelToken never;
  Docker docker({*one.environment.children, never, one.environment.run_id, one.environment.run_id + "/2", nullptr});
  Project project{one.instance, {"docker-compose.yml"}, one.name, ""};
  Compose compose(docker, project);
  Container container = running_container(compose, "app");
  CHECK(processes_of(docker, container, one.environment.run_id + "/22", user).empty());
  end_processes_of(docker, container, one.environment.run_id + "/2", user);
  CHECK(one.count("702") == 0);
  CHECK(one.probe().state == Probe::State::not_done);
}

TEST_CASE("what a container hides is not taken for nothing: user 0 where the container runs as somebody else", "[place]") {
  One one;
  Json args = one.args({"sleep", "703"}, {{"user", "0"}, {"repeat_safe", true}});
  killed_within(one, "compose.exec", args, [&] { return one.count("703") > 0; });
  InsideOnly inside(*one.children);
  one.environment.children = &inside;
  one.begin("compose.exec", args);
  try {
    const Probe found = one.probe();  // newer engines hide nothing from it
    CHECK(found.state == Probe::State::running);
  } catch (const Error& error) {
    CHECK(error.message() ==
          "cannot tell what still runs in " + one.name +
              "-app-1: its processes hide their environment, as those of user 0 do where the container runs as somebody else");
  }
}

TEST_CASE("what a crash inside compose.exec means, its author says", "[place]") {
  One one;
  one.begin("compose.exec", one.args({"touch", "/tmp/done"}));
  CHECK(one.probe().state == Probe::State::unknown);
  Json asked = one.args({"touch", "/tmp/done"}, {{"done_when", {"test", "-e", "/tmp/done"}}});
  one.begin("compose.exec", asked);
  CHECK(one.probe().state == Probe::State::not_done);
  CHECK(one.call("compose.exec", asked).at("done_already") == false);
  CHECK(one.probe().state == Probe::State::done);
  CHECK(one.call("compose.exec", asked).at("done_already") == true);
}

TEST_CASE("a one-off container is labelled, found after its client was killed, and never left behind", "[place]") {
  One one;
  auto left = [](const std::string& filter) {
    return std::stoi(output_of("docker ps --all --quiet --filter label=" + filter + " | wc -l"));
  };
  CHECK(one.call("compose.run", one.args({"sh", "-c", "echo $A; id -u"}, {{"env", {{"A", "b c"}}}, {"user", "33"}})) ==
        Json{{"status", 0}, {"out", "b c\n33\n"}, {"err", ""}, {"done_already", false}});
  std::string run = "playbook.run=" + one.environment.run_id;
  CHECK(left(run) == 0);

  CHECK_THROWS_AS(one.call("compose.run", one.args({"sleep", "703"}, {{"deadline", 2}})), Error);
  CHECK(left(run) == 0);

  Json args = one.args({"sleep", "704"}, {{"repeat_safe", true}});
  killed_within(one, "compose.run", args, [&] { return left(run) > 0; });
  one.begin("compose.run", args);
  if (left(run) > 0) {
    CHECK(one.probe().state == Probe::State::running);
    shell("docker kill $(docker ps --quiet --filter label=" + run + ") >/dev/null");
  }
  while (one.probe().state == Probe::State::running) {
  }
  CHECK(one.probe().state == Probe::State::not_done);
  CHECK(left(run) == 0);
}
