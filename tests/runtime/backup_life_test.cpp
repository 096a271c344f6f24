// What becomes of sets after they were made: copied, fetched, moved to another machine, pruned; and makers that are killed at any moment.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "runtime/backup/copy.h"
#include "runtime/backup/partial.h"
#include "runtime/backup/prune.h"
#include "runtime/backup/sums.h"
#include "runtime/base/file.h"
#include "runtime/process/children.h"
#include "tests/support/backup_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const ListedSet& listed : list_sets(folder)) names.push_back(listed.path.filename().string() + (listed.set ? "" : " (bad)"));
  return names;
}

/// rclone with a remote `nas` that is a folder of the test.
class Nas {
 public:
  Nas() {
    config_ = folder.write("rclone.conf", "[nas]\ntype = alias\nremote = " + (folder.path() / "nas").string() + "\n");
    fs::create_directory(folder.path() / "nas");
    ::setenv("RCLONE_CONFIG", config_.c_str(), 1);
  }
  ~Nas() { ::unsetenv("RCLONE_CONFIG"); }
  Nas(const Nas&) = delete;
  Nas& operator=(const Nas&) = delete;

  Work work(Faults* faults = nullptr) {
    Work lent(folder.path() / "scratch", nullptr, faults);
    lent.set_surroundings({"run/1", children_.get(), nullptr});
    return lent;
  }
  TempFolder folder;

 private:
  fs::path config_;
  std::unique_ptr<Children> children_ = make_children({.program = PLAYBOOK_BINARY_DIR "/playbook-guardian", .lock_fd = -1});
};

/// Sets of one instance, `made` days before now each.
struct Sets {
  TempFolder folder;
  Utc now = parse_iso("2026-11-21T12:00:00Z");

  std::string make(int days_ago, bool rehearsed = false, const std::string& instance = "/srv/shop") {
    Manifest manifest;
    manifest.created = to_iso(now - std::chrono::hours(24) * days_ago);
    manifest.instance = instance;
    manifest.name = free_set_name(folder.path(), now - std::chrono::hours(24) * days_ago, "", "");
    folder.write(manifest.name + "/manifest.json", manifest.to_text());
    folder.write(manifest.name + "/SHA256SUMS", "");
    if (rehearsed) BackupSet::open(folder.path() / manifest.name).attest({{"kind", "rehearsal"}, {"time", manifest.created}});
    return manifest.name;
  }
  std::string prune(const Retention& retention, const std::string& needed = "none") {
    std::string text;
    Pruning pruning = choose_prunable(list_sets(folder.path()), "/srv/shop", retention, now, [&](const fs::path& set) {
      return set.filename() == needed ? std::vector<std::string>{"r1"} : std::vector<std::string>{};
    });
    for (const KeptSet& kept : pruning.kept) text += kept.name.substr(6, 2) + ": " + kept.why + "\n";
    for (const BackupSet& set : pruning.remove) text += set.manifest().name.substr(6, 2) + " goes\n";
    return text;
  }
};

// Kills a maker of sets at a random moment, again and again; gives how many died in the midst of one.
int kill_makers(int kills) {
  BackupFixture app;
  app.create();
  std::mt19937 random(static_cast<unsigned>(kills));
  int in_the_midst = 0;
  for (int i = 0; i < kills; ++i) {
    pid_t maker = ::fork();
    if (maker == 0) {
      for (;;) app.create();
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 60'000));  // the moment is what the test is about
    ::kill(maker, SIGKILL);
    ::waitpid(maker, nullptr, 0);
    for (const ListedSet& listed : list_sets(app.backups)) {
      if (!listed.set) {
        REQUIRE(listed.problem == "it is unfinished");
        ++in_the_midst;
        continue;
      }
      INFO(listed.path);
      REQUIRE(app.verify(*listed.set).empty());
    }
    for (const ListedSet& listed : list_sets(app.backups))
      if (listed.set) remove_set(listed.path);
  }
  remove_leftovers(app.backups);
  CHECK(names_in(app.backups).empty());
  return in_the_midst;
}

}  // namespace

TEST_CASE("a set whose maker is killed at a random moment is never listed as good", "[backup kills]") { CHECK(kill_makers(12) > 0); }

TEST_CASE("over three hundred random kills no partial set is listed as good", "[.][exhaustive][backup kills]") {
  const int in_the_midst = kill_makers(320);
  WARN(in_the_midst << " of 320 kills met a set that was being written");
  CHECK(in_the_midst > 200);
}

TEST_CASE("a copy is the set byte for byte, and making it again finds it") {
  BackupFixture app;
  BackupSet set = app.create();
  set.attest({{"kind", "rehearsal"}});
  Work work = app.work();
  BackupSet copy = copy_set(set, "", app.folder.path() / "other", app.sources, work);
  CHECK(copy.path() == app.folder.path() / "other" / set.manifest().name);
  CHECK(shell("diff -r " + set.path().string() + " " + copy.path().string()) == 0);
  CHECK(app.verify(copy).empty());
  CHECK(copy_set(set, "", app.folder.path() / "other", app.sources, work).digest() == set.digest());

  app.folder.write(fs::relative(copy.path(), app.folder.path()) / "notes.sqlite.zst", "rot");
  CHECK(error_of([&] { copy_set(set, "", app.folder.path() / "other", app.sources, work); }).message() ==
        "the copy of backup set " + set.path().string() + " is damaged: notes.sqlite.zst is cut short: 3 of " +
            std::to_string(set.manifest().part_of("notes").stored_bytes) + " bytes");
}

TEST_CASE("a copy that is killed at any instant is made whole by the next try, and never counts before") {
  BackupFixture app;
  BackupSet set = app.create();
  const fs::path other = app.folder.path() / "other";
  auto copy = [&](Faults* faults) {
    Work work = app.work(faults);
    copy_set(set, set.digest(), other, app.sources, work);
  };
  NotingFaults noted;
  copy(&noted);
  REQUIRE(noted.reached.size() > 5);
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO("killed at " << noted.reached[at]);
    fs::remove_all(other);
    KillingFaults kill(at);
    REQUIRE(in_child([&] { copy(&kill); }).killed);
    for (const ListedSet& listed : list_sets(other))
      if (listed.set) REQUIRE(app.verify(*listed.set).empty());
    copy(nullptr);
    CHECK(names_in(other) == std::vector<std::string>{set.manifest().name});
  }
}

TEST_CASE("a damaged set is not copied") {
  BackupFixture app;
  BackupSet set = app.create();
  fs::resize_file(set.path() / "notes.sqlite.zst", 10);
  Work work = app.work();
  CHECK(error_of([&] { copy_set(set, "", app.folder.path() / "other", app.sources, work); }).code() == Code::backup_corrupt);
  CHECK(names_in(app.folder.path() / "other").empty());
}

TEST_CASE("a set goes off-site by rclone, is read back there, and comes home from there") {
  BackupFixture app;
  Nas nas;
  BackupSet set = app.create();
  Work work = nas.work();
  CHECK_FALSE(Remote::parse("/srv/backup"));
  CHECK(Remote::parse("rclone:nas/acme/")->path() == "nas:acme");
  CHECK(Remote::parse("rclone:nas:acme/x")->path() == "nas:acme/x");
  CHECK(error_of([] { Remote::parse("rclone:nas"); }).message() == "\"rclone:nas\" names no place of rclone");
  CHECK(error_of([] { Remote::parse("rclone:--config=/x"); }).message() == "\"rclone:--config=/x\" names no place of rclone");

  Remote::parse("rclone:nas/acme")->send(set, work);
  const fs::path there = nas.folder.path() / "nas/acme" / set.manifest().name;
  CHECK(shell("diff -r " + set.path().string() + " " + there.string()) == 0);
  Remote::parse("rclone:nas/acme")->send(set, work);  // is there already

  const Remote remote = *Remote::parse("rclone:nas/acme/" + set.manifest().name);
  BackupSet home = remote.fetch(app.folder.path() / "home", set.digest(), app.sources, work);
  CHECK(home.digest() == set.digest());
  CHECK(app.verify(home).empty());

  fs::resize_file(there / "notes.sqlite.zst", 10);
  CHECK(error_of([&] { remote.fetch(app.folder.path() / "again", "", app.sources, work); }).code() == Code::backup_corrupt);
  CHECK(names_in(app.folder.path() / "again").empty());
  nas.folder.write("nas/acme/" + set.manifest().name + "/SHA256SUMS", "other\n");
  CHECK(error_of([&] { Remote::parse("rclone:nas/acme")->send(set, work); }).message() ==
        "nas:acme/" + set.manifest().name + " holds another backup set");
  Error lost = error_of([&] { Remote::parse("rclone:nowhere/acme")->send(set, work); });
  CHECK(lost.code() == Code::backup_failed);
  CHECK_THAT(lost.message(), ContainsSubstring("didn't find section in config file"));
}

TEST_CASE("what is sent by rclone and killed in the midst is sent by the next try") {
  BackupFixture app;
  BackupSet set = app.create();
  for (size_t at = 0; at < 3; ++at) {
    Nas nas;
    KillingFaults kill(at);
    REQUIRE(in_child([&] {
              Nas own;
              Work work = nas.work(&kill);
              Remote::parse("rclone:nas/acme")->send(set, work);
            }).killed);
    Work work = nas.work();
    Remote::parse("rclone:nas/acme")->send(set, work);
    CHECK(app.verify(BackupSet::open(nas.folder.path() / "nas/acme" / set.manifest().name)).empty());
  }
}

TEST_CASE("a set of another machine is restored below the instance that it was brought to") {
  PrimitiveFixture here, there;
  for (const PrimitiveFixture* one : {&here, &there}) one->instance_folder.write("app.env", "PORT=1\n");
  Json set = there.call("backup.create", {{"sources", {{{"type", "files"}, {"paths", {"app.env"}}}}}, {"app", "demo"}});
  Json copy = here.call("backup.copy", {{"set", set["path"]}});
  CHECK(fs::path(copy["path"].get<std::string>()).parent_path() == here.state_folder.path() / "backups");
  CHECK(here.call("backup.verify", {{"set", copy}})["moved"] == true);
  here.instance_folder.write("app.env", "PORT=2\n");
  CHECK(here.call("backup.loss", {{"set", copy}})["text"] == "file " + (here.instance / "app.env").string() + " was changed");
  CHECK(error_of([&] {
          here.call("backup.restore", {{"set", copy}});
        }).message() == "backup set " + copy["name"].get<std::string>() + " is of the instance " + there.instance.string() + ", not of " +
                            here.instance.string());
  here.call("backup.restore", {{"set", copy}, {"moved", true}});
  CHECK(read_file(here.instance / "app.env") == "PORT=1\n");
  there.instance_folder.write("app.env", "PORT=3\n");
  CHECK(here.drift() == std::nullopt);
  CHECK(read_file(there.instance / "app.env") == "PORT=3\n");
}

TEST_CASE("retention keeps what its rules say, and for each set says why") {
  Sets sets;
  for (int days : {20, 10, 9, 8, 2, 1}) sets.make(days, days == 10);
  CHECK(sets.prune({2, std::nullopt}) ==
        "11: the last one that was rehearsed\n19: one of the 2 newest\n20: one of the 2 newest\n01 goes\n12 goes\n13 goes\n");
  CHECK(sets.prune({1, std::chrono::hours(24 * 9)}) ==
        "11: the last one that was rehearsed\n13: younger than 216h00m\n19: younger than 216h00m\n20: one of the 1 newest\n01 goes\n12 "
        "goes\n");
  CHECK(sets.prune({0, std::nullopt}) == "11: the last one that was rehearsed\n01 goes\n12 goes\n13 goes\n19 goes\n20 goes\n");
}

TEST_CASE("retention leaves alone what a run needs, what is another's, and what cannot be read") {
  Sets sets;
  const std::string needed = sets.make(20);
  sets.make(10, false, "/srv/other");
  sets.folder.write(sets.make(9) + "/manifest.json", "{");
  sets.make(8);
  CHECK(sets.prune({0, std::nullopt}, needed) ==
        "01: needed by run r1\n11: of another instance, /srv/other\n12: it cannot be read: manifest.json of 20261112T120000Z is not a "
        "manifest\n13 goes\n");
}

TEST_CASE("backup.prune counts on a set only when it can still be read") {
  PrimitiveFixture app;
  app.instance_folder.write("app.env", "PORT=1\n");
  std::vector<std::string> names;
  for (int i = 0; i < 4; ++i)
    names.push_back(
        app.call("backup.create", {{"sources", {{{"type", "files"}, {"paths", {"app.env"}}}}}, {"app", std::to_string(i)}})["name"]);
  const fs::path backups = app.state_folder.path() / "backups";
  replace_file(backups / names[3] / "config/app.env", "rotten");
  CHECK(error_of([&] { app.call("backup.prune"); }).message() == "backup.prune: neither keep nor younger_than says what stays");
  CHECK_THAT(app.plan("backup.prune", {{"keep", 1}}).text, StartsWith("remove 3 backup sets:\n  " + names[0] + " ("));

  Json pruned = app.call("backup.prune", {{"keep", 1}});
  CHECK(pruned["removed"] == Json::array({names[0], names[1]}));
  CHECK(pruned["kept"] ==
        Json::array({{{"name", names[3]}, {"why", "one of the 1 newest"}}, {{"name", names[2]}, {"why", "the last one that is good"}}}));
  CHECK(pruned["bytes"] == 14);
  CHECK(names_in(backups) == std::vector<std::string>{names[2], names[3]});
  CHECK(app.call("backup.prune", {{"keep", 2}})["removed"] == Json::array());

  replace_file(backups / names[2] / "config/app.env", "rotten");
  CHECK(error_of([&] {
          app.call("backup.prune", {{"keep", 1}});
        }).message() == backups.string() + " holds no backup set that is good; nothing is removed");
}

TEST_CASE("a prune that is killed is finished by the next, and leaves no half of a set") {
  PrimitiveFixture app;
  app.instance_folder.write("app.env", "PORT=1\n");
  for (int i = 0; i < 3; ++i)
    app.call("backup.create", {{"sources", {{{"type", "files"}, {"paths", {"app.env"}}}}}, {"app", std::to_string(i)}});
  const fs::path backups = app.state_folder.path() / "backups";
  REQUIRE(in_child([&] {
            KillingFaults kill(0);
            app.environment.faults = &kill;
            app.call("backup.prune", {{"keep", 1}});
          }).killed);
  CHECK(names_in(backups).size() == 2);
  CHECK(app.call("backup.prune", {{"keep", 1}})["removed"].size() == 1);
  CHECK(names_in(backups).size() == 1);
}
