// Keys tried on what a PGlite folder stores, by the real package of npm: it makes the folder too. Where it is missing the tests say so.
#include <fcntl.h>

#include <iostream>

#include "runtime/base/file.h"
#include "runtime/base/secret_sources.h"
#include "tests/support/catch.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/keys_bed.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

const fs::path kModules = PLAYBOOK_BINARY_DIR "/pglite/node_modules";

bool has_pglite() {
  if (fs::exists(kModules / "@electric-sql/pglite")) return true;
  std::cout << "SKIPPED: " << kModules.string() << " has no @electric-sql/pglite; ./dev test installs it\n";
  return false;
}

/// Activepieces' connections in a PGlite folder, and its key in a settings.json.
class PgliteFolder : public PrimitiveFixture {
 public:
  PgliteFolder() {
    environment.children = children_.get();
    instance_folder.write("settings.json", Json{{"KEY", first_.at("key")}}.dump());
    keyring["keys"]["key"] = secret_from_json((instance / "settings.json").string(), "KEY");
  }
  /// Runs SQL in it as the application would, and ends.
  void run(const std::string& sql) const {
    instance_folder.write("run.cjs", "const { PGlite } = require(" + Json((kModules / "@electric-sql/pglite").string()).dump() +
                                         ");\nconst db = new PGlite(" + Json((instance / "pglite").string()).dump() + ");\ndb.exec(" +
                                         Json(sql).dump() + ").then(() => db.close())\n");
    REQUIRE(shell("node " + (instance / "run.cjs").string()) == 0);
  }
  std::string value() const { return Json{{"iv", first_.at("iv")}, {"data", first_.at("data")}}.dump(); }
  Json verify(const Json& more = Json::object()) {
    Json args{{"keyrings", Json::array({keyring})}};
    args.update(more);
    return call("keys.verify", args);
  }
  Json keyring{{"scheme", "activepieces"},
               {"stored", {{"type", "pglite"}, {"path", "pglite"}, {"modules", kModules.string()}, {"columns", {"app_connection.value"}}}}};

 private:
  const Json first_ = key_vectors("activepieces").at("vectors").at(0);
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

}  // namespace

TEST_CASE(
    "keys.verify tries what a PGlite folder and a backup of one hold, and leaves the folder as it is; what cannot be read is unknown") {
  if (!has_pglite()) return;
  PgliteFolder app;
  app.run("create table app_connection (id int primary key, value jsonb not null); insert into app_connection values (1, '" + app.value() +
          "'), (2, '" + app.value() + "')");
  const std::string sums = "cd " + app.instance.string() + " && find pglite -type f -exec sha256sum {} + | sort", before = output_of(sums);
  const Json found = app.verify();
  CHECK(found["verdict"] == "match");
  CHECK(found["schemes"][0]["places"][0]["place"] == "app_connection.value");
  CHECK(found["schemes"][0]["opened"] == 2);
  CHECK(output_of(sums) == before);
  CHECK(fs::is_empty(app.run_folder.path()));

  const Json set = app.call("backup.create", {{"sources", Json::array({{{"type", "directory"}, {"path", "pglite"}}})}});
  app.instance_folder.write("settings.json", "{\"KEY\": \"" + std::string(32, 'a') + "\"}");
  CHECK(app.verify({{"set", set}})["verdict"] == "mismatch");

  const std::string label = "activepieces: PGlite database pglite cannot be read: ";
  app.keyring["stored"]["modules"] = "elsewhere";
  const Json missing = app.verify();
  CHECK(missing["verdict"] == "unknown");
  CHECK(missing["text"] == label + (app.instance / "elsewhere").string() + " has no @electric-sql/pglite");
  app.keyring["stored"]["modules"] = kModules.string();
  const std::string path = ::getenv("PATH");
  ::setenv("PATH", app.instance.c_str(), 1);
  CHECK(app.verify()["text"] == label + "node is not here");
  ::setenv("PATH", path.c_str(), 1);
  const Elsewhere user([&] { REQUIRE(::open((app.instance / "pglite/global/pg_control").c_str(), O_RDWR) >= 0); });
  CHECK_THAT(error_of([&] { app.verify(); }).message(), ContainsSubstring("pglite is in use by "));
}
