// appstrate/upgrade when a client of the database, or the database itself, ends in the midst of it.
#include "tests/families/appstrate/broken_world.h"
#include "tests/support/crash.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("where the dump's client is killed, or the run with it, nothing of it stays in the container: the old state, then the new one",
          "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const std::string id = app.look("postgres", ".Id");
  At client("backup.snapshot", 2, [&] { app.while_dumping([&] { kill_client(id, "pg_dump"); }); });
  RunResult result = app.upgrade(client);
  CHECK(client.happened());
  CHECK(result.exit == kRolledBack);
  CHECK(app.ends(result) == "old");
  CHECK(app.clients() == "");

  ChildEnd end = in_child([&] {
    At dump("backup.snapshot", 2, [&] { app.while_dumping([] { kill(getpid(), SIGKILL); }); });
    app.upgrade(dump);
  });
  REQUIRE(end.killed);
  CHECK(app.clients().find("pg_dump") != std::string::npos);
  app.let_go();
  Finished done = app.playbook({"resume"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(app.state() == "new");
  CHECK(app.clients() == "");
}

TEST_CASE("where the client of psql is killed the run goes back to the old state, and nothing of it stays in the container",
          "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const std::string id = app.look("postgres", ".Id");
  At session("backup.snapshot", 2, [&] { kill_client(id, "psql"); });
  CHECK(app.ends(app.upgrade(session)) == "old");
  CHECK(session.happened());
  CHECK(app.clients() == "");
}

TEST_CASE("the database's container is stopped in the midst of the dump", "[.][appstrate][faults][exhaustive]") {
  Instance app;
  At dump("backup.snapshot", 2, [&] { app.while_dumping([&] { run("docker stop -t 1 " + app.container("postgres")); }); });
  RunResult result = app.upgrade(dump);
  CHECK(dump.happened());
  CHECK(app.ends(result, [&] { run("docker start " + app.container("postgres")); }) == "attention, then old");
}

TEST_CASE("the client of pg_restore is killed on the way back, and the way back can be gone again", "[.][appstrate][faults][exhaustive]") {
  Instance app;
  const std::string id = app.look("postgres", ".Id");
  At back("restore.created", 1, [&] { app.while_restoring("appstrate_playbook_restoring", [&] { kill_client(id, "pg_restore"); }); });
  CHECK(app.ends(app.upgrade(back, kCrashes)) == "attention, then old");
  CHECK(back.happened());
  CHECK(app.clients() == "");
}
