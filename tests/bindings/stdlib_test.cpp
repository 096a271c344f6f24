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
    add("version.satisfies", {{"version", Type::string, "", true, {}}, {"range", Type::string, "", true, {}}});
    add("process.read", {{"argv", Type::strings, "", true, {}}});
    add("image.current", {{"project", Type::map, "", true, {}}});
    add("clock.now", {});
    add("keys.ring", {{"path", Type::path, "", true, {}}});
    add("keys.fingerprint",
        {{"keyrings", Type::list, "", true, {}}, {"like", Type::list, "", false, {}}, {"running", Type::boolean, "", false, {}}});
    answer = [](const Request& request) {
      const Json& args = request.args;
      if (request.name == "version.satisfies") return say(Json(">=" + args["version"].get<std::string>()) == args["range"]);
      if (request.name == "process.read")
        return say(Json{{"out", args["argv"][1] == "ps" ? "shop-app acme/app:1.0.0\nshop-update containrrr/watchtower:latest\n"
                                                        : "Docker version 20.10.24+dfsg1, build 297e128\n"}});
      if (request.name == "image.current")
        return say(args["project"].contains("name")
                       ? Json{{"app", {{"image", "acme/app"}, {"place", "c.yml:3:5"}, {"floating", "it has no tag"}}},
                              {"db", {{"image", "d:1.0.0"}}}}
                       : Json::object());
      if (request.name == "keys.ring") return say(args["path"] == "empty" ? Json::array() : Json::array({{{"id", "a"}}}));
      if (request.name == "keys.fingerprint")
        return say(Json::array({{{"scheme", "s"},
                                 {"key", "k"},
                                 {"scrypt", args["running"] == true && args["keyrings"][0] == "stale" ? "2" : args["keyrings"][1]}}}));
      if (request.name == "clock.now") return say(Json{{"unix", 1795276200}});
      if (request.name == "version.compare") return say(args["left"] < args["right"] ? -1 : args["left"] > args["right"] ? 1 : 0);
      if (request.name == "host.disk") return say(Json{{"available", 3 * 1024 * 1024}});
      if (request.name == "host.tools") return say(Json{{"docker", "/usr/bin/docker"}});
      if (request.name == "http.get")
        return say(
            Json{{"status", 503},
                 {"headers", {{"date", "Sat, 21 Nov 2026 15:" + std::string(args["url"] == "http://x/" ? "50" : "40") + ":00 GMT"}}}});
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
           {"keys_match({ keyrings = { 'same', '1' } }, { keys = { { scheme = 's', key = 'k', scrypt = '1' } } })", ""},
           {"keys_match({ keyrings = { 'same', '1' } }, { name = 'old', keys = {} })",
            "backup set old does not tell which keys it was made beside"},
           {"keys_match({ keyrings = { 'stale', '1' } }, { created = 'noon', keys = { { scheme = 's', key = 'k', scrypt = '1' } } })",
            "what runs has others than at noon: s.k"},
           {"keys_match({ keyrings = { 'same', '3' } }, { created = 'noon', keys = { { scheme = 's', key = 'k', scrypt = '1' } } })",
            "not as they were at noon: s.k; what runs has others than at noon: s.k"},
           {"key_ring_is_kept('ring', { { id = 'a' } })", ""},
           {"key_ring_is_kept('empty')", "empty holds no key: sessions and links that were sent are lost"},
           {"key_ring_is_kept('ring', { { id = 'a' }, { id = 'b' } })", "ring has lost key b"},
           {"tools { 'docker' }", ""},
           {"tools { 'docker', 'age', 'zstd' }", "not installed: age, zstd"},
           {"tool_versions { docker = '>=20.10.24' }", ""},
           {"tool_versions { docker = '>=26', age = '>=1' }", "age is not installed; docker is 20.10.24, not >=26"},
           {"images_pinned {}", ""},
           {"images_pinned { name = 'shop' }", "c.yml:3:5: acme/app: it has no tag"},
           {"settings_reach({ services = { app = { environment = { 'A' } } }, unset = {} }, 'app', { 'A' })", ""},
           {"settings_reach({ services = { app = { environment = { 'A' } } }, unset = { 'A' } }, 'app', { 'A', 'B' })",
            "A is set nowhere; the compose file does not pass B on to app"},
           {"settings_reach({ name = 'shop', services = {}, unset = {} }, 'app', {})", "project shop has no service app"},
           {"nothing_exported { overridden = {} }", ""},
           {"nothing_exported { overridden = { 'TAG' }, env_file = 'my.env' }", "exported here, and preferred to my.env: TAG"},
           {"no_auto_updaters()", "shop-update runs containrrr/watchtower:latest"},
           {"clock_is_right 'http://x/'", ""},
           {"clock_is_right 'http://y/'", "the clock differs by 600 seconds from that of http://y/"},
           {"path_is_sure { hops = {} }", ""},
           {"path_is_sure { blocked = { why = 'it is older', source = 's' } }", "it is older (s)"},
           {"path_is_sure { hops = { { from = '1', to = '2', unsure = { { why = 'w', source = 's' } } } } }", "1 -> 2: w (s)"},
           {"one_hop { hops = { { to = '2', reasons = {} } } }", ""},
           {"one_hop { hops = { { to = '2', reasons = { { why = 'w' } } }, { to = '3' } } }", "first comes 2: w"},
           {"breaking_accepted {}", ""},
           {"breaking_accepted { 'a', { version = '2.0', text = 'b' } }", "a; 2.0: b"},
           {"answers('http://x/', 503)", ""},
           {"answers 'http://x/'", "http://x/ answers 503, not 200"},
       }) {
    Library library;
    INFO(c.call);
    CHECK(library.against(c.call) == c.against);
  }
}
