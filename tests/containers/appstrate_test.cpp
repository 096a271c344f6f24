// Appstrate's playbooks on a real Docker engine, with real Compose and a real PostgreSQL, against the stand-in of its server.
#include "runtime/base/file.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

[[maybe_unused]] Finished upgrade(const Deployment& app, const std::string& to, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"run", "appstrate/upgrade", "-C", app.folder().string(), "--to", to, "--yes"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return run_playbook(arguments, app.folder());
}

}  // namespace

TEST_CASE("the stand-in behaves as the facts say when only the old image is put back", "[appstrate]") {
  Deployment app;
  push_release("1.0.0-beta.51", "1.0.0-beta.51");
  CHECK(app.get("/api/proxies") == R"(200 {"count":1})");
  app.edit(".env", "APPSTRATE_VERSION=1.0.0-beta.41", "APPSTRATE_VERSION=1.0.0-beta.51");
  app.compose("up -d --quiet-pull");
  app.wait_healthy();
  CHECK(app.get("/health").find("v1.0.0-beta.51") != std::string::npos);
  app.edit(".env", "APPSTRATE_VERSION=1.0.0-beta.51", "APPSTRATE_VERSION=1.0.0-beta.41");
  app.compose("up -d");
  app.wait_healthy();
  CHECK(app.get("/api/proxies").starts_with("500 "));
  CHECK(app.get("/api/runs").starts_with("500 "));
}
