// What becomes of keys while Appstrate is upgraded: a wrong one stops it before anything changes, a right one is seen nowhere.
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "runtime/base/file.h"
#include "tests/playbooks/appstrate/processes.h"
#include "tests/playbooks/appstrate/stand_in/release.h"
#include "tests/support/catch.h"
#include "tests/support/command.h"
#include "tests/support/compose_fixture.h"
#include "tests/support/crash.h"
#include "tests/support/postgres_cluster.h"
#include "tests/support/temp_folder.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

namespace fs = std::filesystem;

/// An Appstrate of processes, which goes with this object.
struct Instance {
  Instance() { scenario.prepare(folder.path()); }
  ~Instance() { scenario.clean(folder.path()); }

  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"-C", folder.path().string()});
    CommandProcess process(arguments, folder.path(), CommandProcess::On::pipes,
                           {{"PATH", ::getenv("PATH")}, {"STAND_IN_DOCKER", ::getenv("STAND_IN_DOCKER")}});
    int status = process.finish();
    return {status, process.out, process.err};
  }
  void set(const std::string& from, const std::string& to) const {
    std::string text = read_file(folder.path() / ".env");
    text.replace(text.find(from), from.size(), to);
    replace_file(folder.path() / ".env", text);
  }
  std::string state() const { return scenario.judge(folder.path()); }
  void sql(const std::string& text) const { postgres_cluster().run(database_of(folder.path()), text); }

  TempFolder folder;
  const Scenario scenario = appstrate_upgrade("1.0.0-beta.51");
};

// {"token":"saved since"} under a key that begins with AAAA, else is the stand-in's; made by Node's crypto.
const std::string kSavedSince = "v1:k1:AAECAwQFBgcICQoL3+uR22DXzvZDWisIHflGBcJ9wkBQkjd1+9cZf4NgY/YhLGLZMHAE";

bool holds_a_key(const std::string& text) {
  for (const std::string& key :
       {kStandInKey, kStandInSecret, std::string("\x94\x7e\xb0\xfb\x8d\xcc\x66\x3b")})  // as set, and its first bytes
    if (text.find(key) != std::string::npos) return true;
  return false;
}

/// Looks at the arguments of all processes again and again while it lives.
class ArgumentWatch {
 public:
  ArgumentWatch() : thread_([this] { watch(); }) {}
  ~ArgumentWatch() { stop(); }
  int stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
    return seen_;
  }
  int rounds() const { return rounds_; }

 private:
  void watch() {
    while (!stopping_) {
      std::error_code ignored;
      for (const auto& entry : fs::directory_iterator("/proc", ignored)) try {
          if (std::isdigit(static_cast<unsigned char>(entry.path().filename().c_str()[0])))
            seen_ += holds_a_key(try_read_file(entry.path() / "cmdline").value_or(""));
        } catch (const std::exception&) {
          // it has ended
        }
      ++rounds_;
    }
  }
  std::atomic<bool> stopping_ = false;
  std::atomic<int> seen_ = 0, rounds_ = 0;
  std::thread thread_;
};

/// Files below the folder that hold a key, but for preimages of edited files and the settings in backup sets, when they are their owner's
/// alone.
std::vector<std::string> files_with_keys(const fs::path& folder) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || !holds_a_key(read_file(entry.path()))) continue;
    const std::string path = entry.path().string();
    bool meant = path.find("/keep/") != std::string::npos || path.ends_with("/config/.env");
    if (!meant || (entry.status().permissions() & fs::perms(0077)) != fs::perms::none) found.push_back(path);
  }
  return found;
}

}  // namespace

TEST_CASE("a wrong key stops appstrate/upgrade with exit 3 before anything changes, and is diagnosed by keys verify") {
  Instance app;
  const std::string wrong = "AAAA" + kStandInKey.substr(4);
  app.set(kStandInKey, wrong);
  Finished done = app.run({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51", "--yes"});
  INFO(done.out << done.err);
  CHECK(done.status == 3);
  CHECK((done.out + done.err).find("appstrate: none of 3 stored values opens") != std::string::npos);

  Finished keys = app.run({"keys", "verify"});
  CHECK(keys.status == 3);
  CHECK(keys.out.find("mismatch  appstrate: none of 3 stored values opens") != std::string::npos);
  CHECK(keys.out.find("match  better-auth: 1 of 1 stored value opens") != std::string::npos);
  Finished json = app.run({"keys", "verify", "--json"});
  CHECK(json.status == 3);
  CHECK(Json::parse(json.out).at("verdict") == "mismatch");
  for (const Finished& one : {done, keys, json}) CHECK((one.out + one.err).find(wrong.substr(0, 16)) == std::string::npos);

  app.set(wrong, kStandInKey);
  CHECK(app.state() == "old");
  CHECK(app.run({"keys", "verify"}).status == 0);
  CHECK(app.run({"keys", "verefy"}).status == 2);
  CHECK(app.run({"keys", "verify", "--key", ".env"}).err.find("keys verify: there is an option that belongs to the other one") !=
        std::string::npos);
}

TEST_CASE("keys repair finds the key that fits, sets it where Appstrate reads it, and lists what was saved under the other") {
  Instance app;
  const std::string wrong = "AAAA" + kStandInKey.substr(4), before = read_file(app.folder.path() / ".env");
  app.set(kStandInKey, wrong);
  app.sql("insert into integration_connections values ('since', '" + kSavedSince + "')");
  replace_file(app.folder.path() / "old.env", "CONNECTION_ENCRYPTION_KEY=" + kStandInKey + "\n");
  replace_file(app.folder.path() / "other.key", "MptMLtAcaVFb1RqBFi3rUUg9xsaNV+OPWM2WKsqKqzw=\n");
  auto repair = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"keys", "repair", "--yes"});
    return app.run(words);
  };
  const std::string folder = app.folder.path().string();

  Finished typed = repair({"--key", kStandInKey});
  CHECK(typed.status == 2);
  CHECK(typed.err.find("--key: there is no such file") != std::string::npos);
  Finished useless = repair({"--key", folder + "/other.key"});
  INFO(useless.out << useless.err);
  CHECK(useless.status == 3);
  CHECK((useless.out + useless.err).find("appstrate: 3 of 4 stored values open with none of the keys") != std::string::npos);

  Finished done = repair({"--key", folder + "/other.key", "--key", "dotenv:" + folder + "/old.env:CONNECTION_ENCRYPTION_KEY"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(done.out.find("appstrate: 3 of 4 stored values open with the key of dotenv:" + folder + "/old.env:CONNECTION_ENCRYPTION_KEY") !=
        std::string::npos);
  CHECK((done.out + done.err)
            .find("appstrate: 1 open with the present keys alone: integration_connections.credentials_encrypted of row since") !=
        std::string::npos);
  CHECK(read_file(app.folder.path() / ".env") == before);
  Finished keys = app.run({"keys", "verify"});
  CHECK(keys.status == 3);
  CHECK(keys.out.find("partial  appstrate: 3 of 4 stored values open (3 under k1), first of those that do not is "
                      "integration_connections.credentials_encrypted of row since") != std::string::npos);
  app.sql("delete from integration_connections where id = 'since'");
  CHECK(app.state() == "old");
  for (const Finished& one : {typed, useless, done, keys}) CHECK_FALSE(holds_a_key(one.out + one.err));
}

TEST_CASE("backup create --escrow puts the keys in use into the set, for the holders of an identity alone") {
  Instance app;
  const TempFolder keys;
  const std::string identity = (keys.path() / "id").string();
  const std::string recipient = output_of("age-keygen -o " + identity + " 2>/dev/null && age-keygen -y " + identity);
  Finished made = app.run({"backup", "create", "--escrow", recipient});
  INFO(made.out << made.err);
  REQUIRE(made.status == 0);
  const fs::path set = fs::directory_iterator(app.folder.path() / ".playbook/backups")->path();
  CHECK(output_of("age --decrypt --identity " + identity + " " + set.string() + "/keys/*CONNECTION_ENCRYPTION_KEY.age") == kStandInKey);
  CHECK(output_of("ls " + set.string() + "/keys | wc -l") == "2");
  CHECK_FALSE(holds_a_key(made.out + made.err));

  // A key that no file of settings holds could not be put back, so no set is made.
  const fs::path file = app.folder.path() / "docker-compose.yml";
  std::string text = read_file(file);
  const std::string variable = "${CONNECTION_ENCRYPTION_KEY:?set it}";
  text.replace(text.find(variable), variable.size(), "MptMLtAcaVFb1RqBFi3rUUg9xsaNV+OPWM2WKsqKqzw=");
  replace_file(file, text);
  const Finished refused = app.run({"backup", "create", "--escrow", recipient});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK((refused.out + refused.err).find("the key of appstrate that is in use stands in no file from which it can be put aside") !=
        std::string::npos);
}

TEST_CASE("no output, argument list, journal or file of appstrate/upgrade holds a key") {
  Instance app;
  ArgumentWatch watch;
  Finished done = app.run({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51", "--yes"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(app.state() == "new");
  CHECK(watch.stop() == 0);
  CHECK(watch.rounds() > 10);
  CHECK_FALSE(holds_a_key(done.out + done.err));
  CHECK(files_with_keys(app.folder.path() / ".playbook") == std::vector<std::string>{});
}

TEST_CASE("the command leaves no core file, in which keys would stand, and neither do its children") {
  TempFolder folder;
  rlimit before{};
  ::getrlimit(RLIMIT_CORE, &before);
  const rlimit raised{before.rlim_max, before.rlim_max};
  ::setrlimit(RLIMIT_CORE, &raised);
  const Finished told = run_playbook({"eval", "process.read({\"sh\", \"-c\", \"ulimit -S -c\"}).out"}, folder.path());
  ::setrlimit(RLIMIT_CORE, &before);
  INFO(told.err);
  CHECK(told.out.substr(0, 2) == "0\n");
}

TEST_CASE("rows of migrations with times of their own are found, and realigned only by a playbook of its own") {
  const Instance app;
  const std::string newest = "(select max(created_at) from drizzle.__drizzle_migrations)";
  Finished nothing = app.run({"run", "appstrate/realign", "--yes"});
  CHECK(nothing.status == 3);
  CHECK_THAT(nothing.out + nothing.err, ContainsSubstring("every row that is of a migration of 1.0.0-beta.41 has its time"));
  app.sql("update drizzle.__drizzle_migrations set created_at = 1893456000000 where created_at = " + newest);

  Finished refused = app.run({"check", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  INFO(refused.out << refused.err);
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out + refused.err,
             ContainsSubstring(" has the time 1893456000000, and its migration has ") && ContainsSubstring("appstrate/realign"));

  Finished done = app.run({"run", "appstrate/realign", "--yes"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(app.state() == "old");
  CHECK(app.run({"check", "appstrate/upgrade", "--to", "1.0.0-beta.51"}).status == 0);

  app.sql("update drizzle.__drizzle_migrations set created_at = 1893456000000, hash = 'ff' where created_at = " + newest);
  Finished strange = app.run({"run", "appstrate/realign", "--yes"});
  CHECK(strange.status == 3);
}

TEST_CASE("addresses that need a sign-in are asked before and after an upgrade, where a token is given") {
  const Instance app;
  const std::string token = (app.folder.path() / "token").string();
  replace_file(token, "Bearer one\n");
  Finished done = app.run({"run", "appstrate/upgrade", "--to", "1.0.0-beta.51", "--token", token, "--organization", "acme", "--yes"});
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK_THAT(done.out + done.err, ContainsSubstring("the addresses that need a sign-in answer as before"));

  // The older image alone over the newer tables, put back by hand: it starts, and says that it is well.
  app.set("APPSTRATE_VERSION=1.0.0-beta.51", "APPSTRATE_VERSION=1.0.0-beta.41");
  REQUIRE(shell("cd " + app.folder.path().string() + " && docker compose up -d") == 0);
  Finished refused = app.run({"check", "appstrate/upgrade", "--to", "1.0.0-beta.51"});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.out + refused.err, ContainsSubstring("the database is newer than 1.0.0-beta.41: it is in the state of 1.0.0-beta.51"));
  Finished back = app.run({"run", "appstrate/rollback", "--to", "1.0.0-beta.41", "--token", token, "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK_THAT(back.out,
             ContainsSubstring("way back: restore: the database holds migrations that 1.0.0-beta.41 does not have: its image alone "
                               "would start, say that it is well, and answer 500 at some addresses; so the backup "));
  CHECK(app.state() == "old");
}

TEST_CASE("appstrate/rollback moves the image alone where that is enough, and takes no set for a release or of another application") {
  const Instance app;
  const Finished there = app.run({"run", "appstrate/upgrade", "--to", "1.0.0-beta.42", "--yes"});
  INFO(there.out << there.err);
  REQUIRE(there.status == 0);
  app.sql("insert into \"user\" (id, email) values ('since', 'since@example.test')");
  const Finished back = app.run({"run", "appstrate/rollback", "--to", "1.0.0-beta.41", "--yes"});
  INFO(back.out << back.err);
  CHECK(back.status == 0);
  CHECK_THAT(back.out,
             ContainsSubstring("way back: image: the database holds exactly the migrations of 1.0.0-beta.41, so the data stays as it is"));
  CHECK_THAT(app.state(), ContainsSubstring("runs v1.0.0-beta.41, 30 migrations, 31 people"));

  const std::string set = fs::directory_iterator(app.folder.path() / ".playbook/backups")->path().string();
  struct Case {
    std::vector<std::string> arguments;
    int status;
    const char* says;
  };
  const std::vector<Case> cases{
      {{"appstrate/rollback", "--to", "20261121T071349Z-appstrate-1.0.0-beta.41"}, 2, "a backup set of it is named by --set"},
      {{"appstrate/rollback", "--to", "1.0.0-beta.51"}, 3, "1.0.0-beta.51 is newer than 1.0.0-beta.41, which runs"},
      {{"appstrate/rollback", "--to", "1.0.0-beta.40"}, 3, "1.0.0-beta.40: "},
      {{"activepieces/restore", "--set", set}, 3, "-appstrate-1.0.0-beta.4"},
      {{"activepieces/backup"}, 3, "there is no compose file of an Activepieces here"},
  };
  for (Case one : cases) {
    one.arguments.insert(one.arguments.begin(), "run");
    one.arguments.push_back("--yes");
    const Finished refused = app.run(one.arguments);
    INFO(one.arguments[1] << ": " << refused.out << refused.err);
    CHECK(refused.status == one.status);
    CHECK_THAT(refused.out + refused.err, ContainsSubstring(one.says));
  }
  CHECK(app.run({"run", "appstrate/backup"}).status == 0);
  replace_file(app.folder.path() / ".env.backup", "APPSTRATE_VERSION=1.0.0-beta.40\n");
  app.set("BETTER_AUTH_SECRET=", "BETTER_AUTH_SECRET=appstrate-dev-");
  const Finished seen = app.run({"inspect"});
  CHECK_THAT(seen.out,
             ContainsSubstring("`appstrate install` has left .env.backup, which it removes when it succeeds") &&
                 ContainsSubstring("everybody knows the value of BETTER_AUTH_SECRET, which is that of the vendor's .env.example"));
}
