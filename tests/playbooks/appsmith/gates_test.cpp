// What would stop Appsmith's playbooks half-way is found beforehand: each gate refuses, by what an operator would have to mend.
#include <cstdlib>

#include "runtime/base/file.h"
#include "tests/playbooks/appsmith/processes.h"
#include "tests/playbooks/appstrate/deployment.h"
#include "tests/support/catch.h"

using namespace playbook;
using namespace playbook::testing;
using appsmith::Processes;
namespace fs = std::filesystem;
using namespace std::string_literals;

namespace {

/// Programs before those of the machine, for as long as it lives.
class Programs {
 public:
  Programs() { ::setenv("PATH", (folder_.path().string() + ":" + path_).c_str(), 1); }
  ~Programs() { ::setenv("PATH", path_.c_str(), 1); }
  Programs(const Programs&) = delete;
  Programs& operator=(const Programs&) = delete;

  void add(const std::string& name, const std::string& script) {
    fs::permissions(folder_.write(name, "#!/bin/sh\n" + script + "\n"), fs::perms::owner_all);
  }

 private:
  TempFolder folder_;
  std::string path_ = std::getenv("PATH");
};

}  // namespace

TEST_CASE("what would stop an upgrade of Appsmith half-way is found before anything is touched", "[appsmith]") {
  Processes app("2.1");
  const std::string settings = app.settings();
  app.set_settings(settings +
                   "APPSMITH_CHECKPOINT_OVERRIDE=v2.2\nAPPSMITH_GIT_ROOT=\"/srv/git\"\nAPPSMITH_JAVA_ARGS=-Xmx1g\n"
                   "APPSMITH_INSTANCE_NAME=Our Appsmith\nAPPSMITH_ENCRYPTION_SALT=Zt7RwYh41eFgH\n");
  const Json data = app.database();
  Json half_done = data;
  half_done["failed"] = {"old-change"};
  half_done["locked"] = true;
  half_done["fcv"] = "4.4";
  app.set_database(half_done);
  Programs programs;
  programs.add("stat", "echo fuseblk");
  programs.add("getconf", "echo 65536");
  TempFolder machine;
  machine.write("cpuinfo", "flags\t\t: fpu sse2 sse4_2 nx\n");
  const std::string docker_env = (app.folder() / "stacks/configuration/docker.env").string();
  const std::string seen =
      output_of("unshare --mount sh -c 'mount --bind " + (machine.path() / "cpuinfo").string() + " /proc/cpuinfo && exec " +
                    PLAYBOOK_BINARY_DIR + "/playbook check appsmith/upgrade --to 2.5.1 --accept unsure 2>&1' || echo exit $?",
                app.folder());
  INFO(seen);
  for (const std::string& why :
       {"failed: old-change; another start holds the lock of Mongock"s,
        "the data is of feature compatibility version 4.4; 2.3 opens 6.0 and 7.0"s, docker_env + " sets APPSMITH_CHECKPOINT_OVERRIDE",
        docker_env + " puts the git repositories into /srv/git, outside of the stacks",
        docker_env + ":11:27: APPSMITH_INSTANCE_NAME: a space in a value without quotes",
        docker_env + " sets APPSMITH_JAVA_ARGS, which counts for nothing there from 2.5.1 on",
        docker_env + " sets APPSMITH_ENCRYPTION_SALT 2 times, of which the last counts",
        "/stacks is on fuseblk, which keeps no owners and permissions: MongoDB refuses its key file there, and a copy is not whole"s,
        "it has no AVX: mongod would end with \"Illegal instruction\""s,
        "a page of memory has 65536 bytes: its container compiles Redis anew at each start, from the network"s, "exit 3"s})
    CHECK_THAT(seen, ContainsSubstring(why));

  app.set_settings("APPSMITH_DB_URL=postgresql://appsmith:pw@db.example/appsmith\n" + settings.substr(settings.find('\n') + 1));
  CHECK_THAT(app.run({"appsmith/inspect"}).err,
             ContainsSubstring("names PostgreSQL as the database of Appsmith, and only MongoDB is known here"));
  app.set_database(data);
  const size_t second = settings.find('\n') + 1, salt = settings.find("APPSMITH_ENCRYPTION_SALT");
  app.set_settings(settings.substr(second, salt - second));
  CHECK_THAT(app.run({"check", "appsmith/upgrade", "--to", "2.2"}).out,
             ContainsSubstring(docker_env + " names no database") &&
                 ContainsSubstring(docker_env + " does not set APPSMITH_ENCRYPTION_SALT") &&
                 ContainsSubstring("docker.env has no APPSMITH_ENCRYPTION_SALT"));
}

TEST_CASE("an archive of another database, of another edition, or without its licence is refused before anything is touched",
          "[appsmith]") {
  Processes app("2.2");
  const std::string settings = app.settings();
  const Json data = app.database();
  Json business = data;
  business["enterprise"] = true;
  app.set_database(business);
  app.set_settings(settings + "APPSMITH_LICENSE_KEY=abc-def\n");
  app.inside("appsmithctl backup --non-interactive --other-database");
  app.set_database(data);
  app.set_settings(settings);
  const fs::path archive = app.folder() / "vendor.tar.gz";
  for (const auto& file : fs::directory_iterator(app.folder() / "stacks/data/backup")) fs::rename(file.path(), archive);

  const Finished refused = app.run({"appsmith/restore", "--archive", archive.string()});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  for (const char* why :
       {"it is of database other, and ", "docker.env names appsmith",
        "the business edition has used it (com.appsmith.server.migrations.db.Migration), and the community edition from 2.2 on refuses it",
        "the archive has APPSMITH_LICENSE_KEY, and "})
    CHECK_THAT(refused.out, ContainsSubstring(why));
  CHECK(app.database() == data);
}
