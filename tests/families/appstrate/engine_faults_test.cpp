// appstrate/upgrade when the engine breaks beneath it, or somebody else works on the same project.
#include "tests/families/appstrate/broken_world.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("the engine restarts when everything is stopped and saved: the new state all the same", "[.][appstrate][faults][exhaustive]") {
  Instance app;
  At restart("compose.up.before", 1, [] { run("$PLAYBOOK_TESTBED/engine restart"); });
  RunResult result = app.upgrade(restart);
  CHECK(restart.happened());
  CHECK(app.ends(result) == "new");
}

TEST_CASE("the engine's disk is full when the new release starts: the old state, at the latest when there is room again",
          "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const auto give_room = [] { run("mount -o remount,size=6g /run/bed/data"); };
  At full("compose.up.before", 1,
          [] { run("mount -o remount,size=$(( $(df --output=used /run/bed/data | tail -n 1) + 64 ))k /run/bed/data"); });
  RunResult result = app.upgrade(full);
  CHECK(full.happened());
  CHECK(app.ends(result, give_room).ends_with("old"));
  give_room();
}

TEST_CASE("the disk of the backups is full when the final backup is written: the old state", "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const std::string backups = (app.folder() / ".playbook/backups").string();
  run("mkdir -p " + backups + " && mount -t tmpfs -o size=400m tmpfs " + backups);
  At full("backup.begun", 2, [&] { run("dd if=/dev/zero of=" + backups + "/filled bs=4k 2>&1 || true"); });
  RunResult result = app.upgrade(full);
  CHECK(full.happened());
  CHECK(app.ends(result) == "old");
  CHECK(result.exit == kRolledBack);
  run("umount " + backups);
}

TEST_CASE("the network of the database's container is cut when the new release starts: the old state, once it is mended",
          "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const std::string network = app.project() + "_default", postgres = app.container("postgres");
  At cut("compose.up.before", 1, [&] { run("docker network disconnect --force " + network + " " + postgres); });
  RunResult result = app.upgrade(cut);
  CHECK(cut.happened());
  CHECK(app.ends(result, [&] { run("docker network connect --alias postgres " + network + " " + postgres); }) == "attention, then old");
}

TEST_CASE("the server is made anew from outside while the run has it stopped: the old state, and the run says so",
          "[.][appstrate][faults][exhaustive]") {
  Instance app;
  At hands("backup.snapshot", 2, [&] { app.compose("up -d --force-recreate --quiet-pull appstrate"); });
  RunResult result = app.upgrade(hands);
  CHECK(hands.happened());
  CHECK(app.ends(result) == "old");
  REQUIRE(result.error);
  const std::string image = "127.0.0.1:5000/appstrate/appstrate:";
  CHECK(result.error->message() ==
        "service appstrate runs " + image + "1.0.0-beta.41 and would be replaced by " + image + "1.0.0-beta.51 while it runs");
}
