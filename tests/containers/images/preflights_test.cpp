// The gates of stdlib/preflights.lua, asked of a real engine and a real machine.
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

/// What the gates of a playbook with this body have against it: name -> message.
std::map<std::string, std::string> against(const ComposeFixture& here, const std::string& body) {
  const auto file = here.instance.parent_path() / (here.name + "-gates.lua");
  replace_file(file,
               "local playbook, preflights = require 'playbook', require 'preflights'\n"
               "return playbook.define { name = 'test/gates', summary = 'asks', run = function()\n"
               "  local project = compose.config { name = '" +
                   here.name + "' }\n  gates(function()\n" + body + "\n  end)\nend }\n");
  const Finished run = run_playbook({"check", file.string(), "-C", here.instance.string(), "--json"}, here.instance);
  INFO(run.out << run.err);
  std::map<std::string, std::string> found;
  for (const std::string& line : split(run.out, '\n')) {
    if (line.empty() || line[0] != '{') continue;
    const Json event = parse_json(line, "an event");
    const Json error = get_or<Json>(event, "error", Json::object());
    for (const Json gates = get_or<Json>(get_or<Json>(error, "details", Json::object()), "gates", Json::array()); const Json& gate : gates)
      found[gate.at("name")] = gate.at("message");
  }
  CHECK(run.status == (found.empty() ? 0 : 3));
  return found;
}

}  // namespace

TEST_CASE("memory, mounted folders, ports and the engine's disk are looked at before anything changes", "[preflights]") {
  ComposeFixture here(R"(services:
  idle: {image: "@shell@", command: ["sleep", "1000"], volumes: ["./data:/data", "./gone:/gone", "./kept:/kept:ro"], ports: ["5000:80"]}
  busy: {image: "@shell@", command: ["sleep", "1000"], ports: ["127.0.0.1:18099:80"]}
)");
  const std::string data = (here.instance / "data").string();
  REQUIRE(shell("mkdir " + data + " && mount -t tmpfs -o ro none " + data + " && cd " + here.instance.string() + " && docker compose -p " +
                here.name + " up -d --no-deps busy 2>/dev/null") == 0);
  const std::string gone = (here.instance / "gone").string();
  CHECK(against(here, "preflights.ask({ project = project }, {})") ==
        std::map<std::string, std::string>{
            {"folders_are_writable", data + ", mounted at /data of idle, is on a file system that is read-only; " + gone +
                                         ", mounted at /gone of idle, is not there: docker would make an empty folder"},
            {"ports_are_free", "something listens on port 5000, which idle publishes"}});
  REQUIRE(shell("umount " + data + " && mkdir " + gone + " && sed -i 's/5000:80/18098:80/' " + here.instance.string() +
                "/docker-compose.yml") == 0);
  const std::string ref = build_release("fits", "1");
  CHECK(against(here, "preflights.ask({ project = project }, { '" + ref + "' })").empty());
  REQUIRE(shell("docker image rm " + ref + " >/dev/null") == 0);
  CHECK(against(here, "preflights.ask({ project = project }, { '" + ref + "', '" + ref + "' })").empty());
  CHECK_THAT(against(here, "gate.memory_is_left(2 ^ 50) gate.pages_are_small()").at("memory_is_left"),
             Catch::Matchers::EndsWith(" of memory available, 1073741824 MiB needed"));
  const Json resolved = here.call("image.resolve", {{"ref", ref}});
  CHECK(resolved.at("size") > 100000);
}
