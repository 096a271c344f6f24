// Which Compose is accepted beside which engine. There is one engine where tests run: scripts named docker and docker-compose, first in
// PATH, stand in for others and only tell their versions.
#include <sys/stat.h>

#include "runtime/container/compose.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

Json tool_beside(const std::string& engine, const std::string& plugin, const std::string& standalone) {
  TempFolder bin;
  auto script = [&](const char* name, const std::string& text) { chmod(bin.write(name, "#!/bin/sh\n" + text).c_str(), 0755); };
  script("docker", "case $1 in version) echo " + engine + " ;; compose) " + (plugin.empty() ? "exit 1" : "echo " + plugin) + " ;; esac\n");
  if (!standalone.empty()) script("docker-compose", "echo " + standalone + "\n");
  Variable path("PATH", (bin.path().string() + ":" + (standalone.empty() ? "/nowhere" : std::getenv("PATH"))).c_str());
  CancelToken never;
  auto children = make_children({PLAYBOOK_BINARY_DIR "/playbook-guardian", -1});
  Docker docker({*children, never, "run", "run/1", nullptr});
  Compose compose(docker, {bin.path(), {"compose.yaml"}, "", ""});
  return {{"argv", compose.tool().argv}, {"generation", compose.tool().generation}, {"version", compose.tool().version}};
}

}  // namespace

TEST_CASE("Compose v2 is taken before v1, and v1 only beside the engine that it works with") {
  CHECK(tool_beside("26.1.5", "2.26.1-4", "1.29.2") == Json{{"argv", {"docker", "compose"}}, {"generation", 2}, {"version", "2.26.1-4"}});
  CHECK(tool_beside("26.1.5", "", "v2.27.0") == Json{{"argv", {"docker-compose"}}, {"generation", 2}, {"version", "2.27.0"}});
  CHECK(tool_beside("20.10.24+dfsg1", "", "1.29.2") == Json{{"argv", {"docker-compose"}}, {"generation", 1}, {"version", "1.29.2"}});
  Error refused = error_of([] { tool_beside("26.1.5", "", "1.29.2"); });
  CHECK(to_string(refused.code()) == "unsupported");
  CHECK(refused.message() ==
        "docker-compose 1.29.2 is Compose v1, which fails beside engine 26.1.5 when it recreates a container; expected engine 20.10 or "
        "Compose v2");
  CHECK(refused.hint() == "install the Compose v2 plugin, so that `docker compose version` works");
}
