// The pure Lua library over stand-ins of its primitives.
#include "runtime/base/file.h"
#include "tests/bindings/driver.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

struct Library : Driver {
  Library() {
    sources.modules["checks"] = read_file(PLAYBOOK_SOURCE_DIR "/stdlib/checks.lua");
    add("version.compare", {{"left", Type::string, "", true, {}}, {"right", Type::string, "", true, {}}});
    add("host.disk", {{"path", Type::path, "", false, "."}});
    add("host.tools", {{"names", Type::strings, "", true, {}}});
    add("http.get", {{"url", Type::string, "", true, {}}});
    answer = [](const Request& request) {
      const Json& args = request.args;
      if (request.name == "version.compare") return say(args["left"] < args["right"] ? -1 : args["left"] > args["right"] ? 1 : 0);
      if (request.name == "host.disk") return say(Json{{"available", 3 * 1024 * 1024}});
      if (request.name == "host.tools") return say(Json{{"docker", "/usr/bin/docker"}});
      if (request.name == "http.get") return say(Json{{"status", 503}});
      return say(nullptr);
    };
  }

  void add(std::string name, std::vector<Parameter> parameters) {
    Declaration declaration;
    declaration.name = std::move(name);
    declaration.summary = "is a stand-in";
    declaration.parameters = std::move(parameters);
    registry.add(std::make_unique<Declared>(std::move(declaration)));
  }

  /// What the check has to say against it, "" when it holds.
  std::string against(const std::string& call) {
    Turn turn = run_body("require 'checks' expect." + call);
    return turn.error ? turn.error->message() : "";
  }
};

}  // namespace

TEST_CASE("the checks of the library hold, or say why not") {
  struct Case {
    const char* call;
    const char* against;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"newer('1.0', '1.1')", ""},
           {"newer('1.1', '1.1')", "1.1 runs already"},
           {"newer('1.2', '1.1')", "1.1 is older than 1.2, which runs"},
           {"free_space('/srv', 2^20)", ""},
           {"free_space('/srv', 5 * 2^20)", "/srv: 3 MiB free, 5 MiB needed"},
           {"tools { 'docker' }", ""},
           {"tools { 'docker', 'age', 'zstd' }", "not installed: age, zstd"},
           {"answers('http://x/', 503)", ""},
           {"answers 'http://x/'", "http://x/ answers 503, not 200"},
       }) {
    Library library;
    INFO(c.call);
    CHECK(library.against(c.call) == c.against);
  }
}
