// A container that `docker run` made, on a real engine, and the compose file that compose/adopt writes of it.
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "runtime/base/file.h"
#include "runtime/base/json.h"
#include "runtime/container/adoption.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;

namespace fs = std::filesystem;

namespace {

const char* const kSecret = "it's \"$5\" & a \\ long secret";

/// A container with a bit of everything; `more` are further options of `docker run`.
struct Ran {
  explicit Ran(const std::string& more = "") {
    fs::create_directories(folder.path() / "data");
    output_of("docker volume create " + volume);
    output_of("docker run --detach --name " + name + " --restart on-failure:3 --publish 127.0.0.1:3611:80 --publish 3612:81/udp --volume " +
              (folder.path() / "data").string() + ":/data --volume " + volume + ":/keys:ro --env 'APP_SECRET=" + quoted(kSecret) +
              "' --env PLAIN=yes --env EMPTY= --memory 256m --cpus 0.5 --add-host db:10.0.0.7 --label owner=ann " + more + " " + image +
              " sh -c 'sleep 1000; echo $HOME'");
  }
  ~Ran() { output_of("docker rm --force --volumes " + name + " && docker volume rm --force " + volume); }
  Ran(const Ran&) = delete;
  Ran& operator=(const Ran&) = delete;

  static std::string quoted(std::string text) {
    for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) text.replace(at, 1, "'\\''");
    return text;
  }
  Json details(const std::string& container) const { return parse_json(output_of("docker inspect " + container), "docker inspect").at(0); }
  Finished adopt(std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"run", "compose/adopt", "--container", name, "--service", "app", "--yes"};
    words.insert(words.end(), more.begin(), more.end());
    return run_playbook(words, project.path());
  }

  const std::string name = "old-" + std::to_string(::getpid()), volume = name + "-keys";
  const std::string image = build_release("adopted", "1");
  TempFolder folder, project;
};

}  // namespace

TEST_CASE("a container of docker run is written down as a compose file that makes the same one", "[adopt]") {
  const Ran ran;
  const Json before = ran.details(ran.name);
  const Finished planned = ran.adopt({"--plan"});
  INFO(planned.out << planned.err);
  CHECK(planned.status == 0);
  CHECK_THAT(planned.out, ContainsSubstring("APP_SECRET=***"));
  CHECK(!fs::exists(ran.project.path() / ".env"));

  const Finished done = ran.adopt();
  INFO(done.out << done.err);
  REQUIRE(done.status == 0);
  CHECK((planned.out + done.out + done.err).find("long secret") == std::string::npos);
  struct stat status {};
  REQUIRE(::stat((ran.project.path() / ".env").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(read_file(ran.project.path() / "docker-compose.yml").find("long secret") == std::string::npos);
  CHECK(ran.details(ran.name)["Id"] == before["Id"]);
  CHECK(ran.details(ran.name)["State"] == before["State"]);
  CHECK(output_of("docker ps --all --quiet --filter label=com.docker.compose.service=app").empty());

  output_of("docker stop --time 0 " + ran.name + " && docker rename " + ran.name + " " + ran.name + "-before");
  output_of("cd " + ran.project.path().string() + " && docker compose up --detach 2>&1");
  const Json now = ran.details(ran.name);
  output_of("cd " + ran.project.path().string() + " && docker compose down --timeout 0 2>&1; docker rename " + ran.name + "-before " +
            ran.name);
  CHECK(differences(before, now).empty());
  CHECK(now["Config"]["Env"] != Json::array());
  CHECK_THAT(now["Config"]["Env"].dump(), ContainsSubstring(Json(kSecret).dump().substr(1, 20)));
}

TEST_CASE("compose/adopt goes on where it was killed behind its files", "[adopt]") {
  const Ran ran;
  CommandProcess run({"run", "compose/adopt", "--container", ran.name, "--service", "app"}, ran.project.path());
  run.wait_for("ok container.write_compose");
  run.signal(SIGKILL);
  CHECK(run.finish() == 128 + SIGKILL);
  REQUIRE(fs::exists(ran.project.path() / "docker-compose.yml"));
  const Finished done = run_playbook({"resume", "--yes"}, ran.project.path());
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(output_of("docker ps --all --quiet --filter label=com.docker.compose.service=app").empty());
}

TEST_CASE("what a compose file of compose/adopt would make otherwise is refused by name, and nothing stays", "[adopt]") {
  const Ran ran("--oom-score-adj 100 --ulimit nofile=1000:1000");
  const Finished refused = ran.adopt();
  INFO(refused.out << refused.err);
  CHECK(refused.status == 1);
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("HostConfig.OomScoreAdj, HostConfig.Ulimits would be otherwise"));
  CHECK(!fs::exists(ran.project.path() / ".env"));
  CHECK(!fs::exists(ran.project.path() / "docker-compose.yml"));
  CHECK(output_of("docker ps --all --quiet --filter label=com.docker.compose.service=app").empty());
}

TEST_CASE("compose/adopt refuses what would be lost with the container, what is there, and what Compose made", "[adopt]") {
  const Ran ran;
  output_of("docker exec " + ran.name + " sh -c 'echo 1 > /kept.db'");
  ran.project.write(".env", "A=1\n");
  const Finished refused = ran.adopt();
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("in its own layer it has /kept.db"));
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("nothing is here that would be replaced: .env is here"));
  CHECK(read_file(ran.project.path() / ".env") == "A=1\n");

  ComposeFixture made("services:\n  one:\n    image: @shell@\n    command: [sleep, '1000']\n");
  made.call("compose.create", {{"project", made.project}});
  const Error error = error_of([&] {
    made.call("container.write_compose", {{"path", "other.yml"}, {"container", made.container("one").at("name")}, {"service", "one"}});
  });
  CHECK(error.code() == Code::unsupported);
  CHECK_THAT(error.what(), ContainsSubstring("belongs to the compose project " + made.name));
}
