// Backups of trees of files.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "runtime/backup/pglite.h"
#include "runtime/backup/verify.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"
#include "tests/support/tree_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

constexpr const char* kSet = "20261121T071349Z-demo-1.0";

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

/// Takes a part to pieces with zstd, lets a script change what is in it, and makes the set look untouched to its sums.
void forge(const fs::path& set, const std::string& part, const std::string& script) {
  REQUIRE(shell("cd '" + set.string() + "' && zstd -d -q " + part + ".zst -o ../forged && cd .. && { " + script +
                "; } && zstd -q -f forged -o '" + set.string() + "'/" + part + ".zst && rm forged") == 0);
  Json manifest = Json::parse(read_file(set / "manifest.json"));
  for (Json& entry : manifest["parts"]) {
    fs::path file = set / entry["file"].get<std::string>();
    entry["stored_bytes"] = fs::file_size(file), entry["sha256"] = file_digest(file);
    if (entry["content_sha256"] != "") entry["content_sha256"] = "";
    REQUIRE(shell("zstd -d -c -q '" + file.string() + "' | wc -c > '" + (set / "../count").string() + "'") == 0);
    entry["bytes"] = std::stoull(read_file(set / "../count"));
  }
  std::ofstream(set / "manifest.json") << manifest.dump(2) << "\n";
  REQUIRE(shell("cd '" + set.string() +
                "' && sha256sum RESTORE.md manifest.json stacks.files.jsonl.zst stacks.tar.zst > ../S && mv ../S "
                "SHA256SUMS") == 0);
}

std::string findings(const TreeFixture& app, const BackupSet& set) {
  Work work = app.work();
  return describe(verify_set(set.path(), "", app.sources, work));
}

}  // namespace

TEST_CASE("a restored tree is the old one to the last attribute, and the replaced one is kept") {
  TreeFixture app;
  bool with_attributes = ::setxattr((app.root / "data/one").c_str(), "user.note", "n\0te", 4, 0) == 0;
  std::string old = picture_of(app.root);
  struct stat sparse {};
  BackupSet set = app.create();
  CHECK(names_in(set.path()) == std::vector<std::string>{"RESTORE.md", "SHA256SUMS", "attestations.jsonl", "manifest.json",
                                                         "stacks.files.jsonl.zst", "stacks.tar.zst"});
  CHECK(findings(app, set) == "");
  const Json& state = set.manifest().sources[0].state;
  CHECK(state["files"] == 16);
  CHECK(state["folders"] == 13);
  CHECK(state["owners"] == Json({"0:0", "1234:1235", "1236:1237"}));
  CHECK(state["changes"] == Json::array());
  CHECK(app.rehearse(set)["sources"][0] == Json{{"name", "stacks"}, {"type", "directory"}, {"files", 16}, {"bytes", state["bytes"]}});
  CHECK_FALSE(fs::exists(app.folder.path() / "scratch"));

  app.spoil();
  std::string spoiled = picture_of(app.root);
  Json result = app.restore(set);
  CHECK(picture_of(app.root) == old);
  CHECK(result["kept"] == Json::array({app.root.string() + ".replaced-" + kSet}));
  CHECK(picture_of(app.root.string() + ".replaced-" + kSet) == spoiled);
  CHECK(names_in(app.instance) == std::vector<std::string>{"stacks", "stacks.replaced-" + std::string(kSet)});
  char value[8];
  if (with_attributes) CHECK(::getxattr((app.root / "data/one").c_str(), "user.note", value, sizeof value) == 4);
  REQUIRE(::stat((app.root / "data/sparse").c_str(), &sparse) == 0);
  CHECK(sparse.st_blocks < 8192);  // of 16384

  CHECK(app.restore(set)["kept"] == result["kept"]);  // a second time it changes nothing
  CHECK(names_in(app.instance).size() == 2);
  app.spoil();
  CHECK(app.restore(set)["kept"].size() == 2);
  CHECK(picture_of(app.root) == old);
}

TEST_CASE("a tree that is gone comes back") {
  TreeFixture app;
  std::string old = picture_of(app.root);
  BackupSet set = app.create();
  fs::remove_all(app.root);
  CHECK(app.restore(set)["kept"] == Json::array());
  CHECK(picture_of(app.root) == old);
}

TEST_CASE("RESTORE.md brings a tree back with GNU tar") {
  TreeFixture app;
  app.spec["exclude"] = {"data/backup"};
  fs::create_directories(app.root / "data/backup");
  BackupSet set = app.create();
  std::string old = picture_of(app.root);
  app.folder.write("app/stacks/data/backup/old.tar", "kept where it is");
  app.spoil();
  std::string text = read_file(set.path() / "RESTORE.md"), script;
  static const std::regex block("```sh\n([^`]*)```");
  for (std::sregex_iterator it(text.begin(), text.end(), block), end; it != end; ++it) script += (*it)[1].str();
  app.folder.write("by-hand.sh", script);
  REQUIRE(shell("sh -eu '" + (app.folder.path() / "by-hand.sh").string() + "' 2>" + (app.folder.path() / "said").string()) == 0);
  CHECK(read_file(app.root / "data/backup/old.tar") == "kept where it is");
  fs::remove(app.root / "data/backup/old.tar");
  Work work = app.work();
  CHECK(differences(set, {}, app.sources, work).empty());
  CHECK(fs::exists(app.root.string() + ".before-" + kSet));
  CHECK(read_file(app.folder.path() / "said") == "tar: Ignoring unknown extended header keyword 'hdrcharset'\n");
}

TEST_CASE("a backup and a restore of a tree survive kill -9 at every instant") {
  auto prepare = [](TreeFixture& app) {
    app.folder.write("app/stacks/one", "1");
    app.folder.write("app/stacks/data/two", "2");
    app.folder.write("app/stacks/data/backup/old.tar", "kept where it is");
    app.spec["exclude"] = {"data/backup"};
  };
  auto spoil = [](const TreeFixture& app) {
    app.folder.write("app/stacks/data/two", "3");
    app.folder.write("app/stacks/new", "new");
  };
  NotingFaults noted;
  {
    TreeFixture app(TreeFixture::Size::empty);
    prepare(app);
    BackupSet set = app.create(&noted);
    spoil(app);
    app.restore(set, &noted);
  }
  REQUIRE(noted.reached.size() == 13);
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO("killed at " << at << ", " << noted.reached[at]);
    TreeFixture app(TreeFixture::Size::empty);
    prepare(app);
    KillingFaults kill(at);
    ChildEnd end = in_child([&] {
      BackupSet set = app.create(&kill);
      spoil(app);
      app.restore(set, &kill);
    });
    REQUIRE(end.killed);
    std::string between = read_file(app.root / "data/two");
    CHECK(fs::exists(app.root / "new") == (between == "3"));  // one tree or the other
    std::vector<ListedSet> listed = list_sets(app.backups);
    bool made = !listed.empty() && listed[0].set;
    if (!made) CHECK(between == "2");
    BackupSet set = made ? *listed[0].set : app.create();
    CHECK(findings(app, set) == "");
    app.restore(set);
    CHECK(read_file(app.root / "one") == "1");
    CHECK(read_file(app.root / "data/two") == "2");
    CHECK(names_in(app.root) == std::vector<std::string>{"data", "one"});
    CHECK(read_file(app.root / "data/backup/old.tar") == "kept where it is");
    for (const std::string& name : names_in(app.instance)) CHECK_THAT(name, StartsWith("stacks"));
    for (const std::string& name : names_in(app.backups)) CHECK_FALSE(name.ends_with(".partial"));
  }
}

TEST_CASE("what is written to a tree while it is read is noticed") {
  TreeFixture app;
  auto meddle = [&] {
    app.folder.write("app/stacks/data/one", "changed\n");
    app.folder.write("app/stacks/data/later", "new\n");
    fs::remove(app.root / "data/two-again");
  };
  ActingFaults during("backup.archived", meddle);
  Error error = error_of([&] { app.create(&during); });
  CHECK(error.code() == Code::file_changed);
  CHECK(error.message() == "directory " + app.root.string() +
                               " was changed while it was backed up: data/later is new, data/one was changed, data/two was changed, "
                               "data/two-again is gone, sp ace/two-far was changed");
  CHECK(error.hint() == "stop what writes to it, leave that out with `exclude`, or take it as it is with `live`");
  CHECK(fs::is_empty(app.backups));

  app.spec["live"] = true;
  ActingFaults again("backup.archived", [&] { fs::remove(app.root / "data/later"); });
  BackupSet set = app.create(&again);
  CHECK(app.sources.at("directory").warnings(set.manifest().sources[0]) ==
        std::vector<std::string>{"directory " + app.root.string() + ": while it was read, data/later is gone"});
  CHECK(findings(app, set) == "");
}

TEST_CASE("damage inside the archive of a tree is found although all sums were made anew") {
  struct Case {
    std::string part, script, text;
  };
  std::vector<Case> cases = {
      {"stacks.tar", "LC_ALL=C sed -i 's/in the middle/in the muddle/' forged",
       "stacks.tar.zst holds something else than stacks.files.jsonl.zst says: data/sparse has another content"},
      {"stacks.tar",
       "mkdir t && tar -xpf forged -C t 2>/dev/null && tar -c --format=pax --sort=name --exclude=./data-after -f forged -C t . && rm -r t",
       "stacks.tar.zst holds something else than stacks.files.jsonl.zst says: deep is not listed there"},
      {"stacks.tar", "truncate -s 5000 forged", "stacks.tar.zst does not read as a tar archive: Truncated tar archive"},
      {"stacks.files.jsonl", "sed -i '/\"path\":\"sp ace\\/two-far\"/d' forged",
       "stacks.tar.zst holds something else than stacks.files.jsonl.zst says: sp ace/two-far is not listed there"},
      {"stacks.files.jsonl", "sed -i 's/\"uid\":1234/\"uid\":1230/' forged",
       "stacks.tar.zst holds something else than stacks.files.jsonl.zst says: data/one has another owner"},
      {"stacks.files.jsonl", "printf '{}\\n' >> forged", "stacks.files.jsonl.zst has a line that lists no file"}};
  TreeFixture app;
  fs::path good = app.create().path();
  app.spoil();
  std::string spoiled = picture_of(app.root);
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].script);
    fs::path copy = app.folder.path() / std::to_string(i) / kSet;
    fs::create_directories(copy);
    fs::copy(good, copy);
    forge(copy, cases[i].part, cases[i].script);
    CHECK_THAT(findings(app, BackupSet::open(copy)), ContainsSubstring(cases[i].text));
    Work work = app.work();
    CHECK(error_of([&] { restore_set(BackupSet::open(copy), "", {}, app.sources, work); }).code() == Code::backup_corrupt);
    CHECK(picture_of(app.root) == spoiled);
    CHECK(names_in(app.instance) == std::vector<std::string>{"stacks"});
  }
}

TEST_CASE("what a restore of a tree would take away is told by file") {
  TreeFixture app;
  BackupSet set = app.create();
  Work work = app.work();
  CHECK(differences(set, {}, app.sources, work).empty());
  app.spoil();
  std::string at = app.root.string();
  CHECK(differences(set, {}, app.sources, work) ==
        std::vector<std::string>{at + "/data/large is gone", at + "/data/more is new", at + "/data/more/file is new",
                                 at + "/data/one has another content", at + "/data-after has another owner",
                                 at + "/sp ace has another mode"});
  CHECK(loss_of(set, {}, app.sources, work)["text"] ==
        at + "/data/large is gone; " + at + "/data/more is new; " + at + "/data/more/file is new; " + at + "/data/one was changed");
  for (int i = 0; i < 30; ++i) app.folder.write("app/stacks/many/" + std::to_string(i), "x");
  CHECK(loss_of(set, {}, app.sources, work)["text"] == "directory " + at + ": 33 names new, 1 gone, 1 changed");
  fs::remove_all(app.root);
  CHECK(differences(set, {}, app.sources, work) == std::vector<std::string>{"directory " + at + " is gone"});
}

TEST_CASE("files that this user cannot read are named, all at once") {
  TreeFixture app;
  fs::permissions(app.folder.path(), fs::perms{0755});
  fs::permissions(app.root / "empty", fs::perms{0700});
  ChildEnd end = in_child([&] {
    if (::setgid(4321) != 0 || ::setuid(4321) != 0) throw std::runtime_error("cannot become another user");
    Work work = app.work();
    Json spec = app.sources.check(Json::array({app.spec}), app.instance)[0];
    Error error = error_of([&] { app.sources.at("directory").estimate(spec, work); });
    std::string at = app.root.string();
    if (error.code() != Code::file_denied || error.message() != "directory " + at + " cannot be read whole by this user: " + at +
                                                                    "/data/nothing, " + at + "/data/one, " + at + "/empty, " + at +
                                                                    "/sp ace")
      throw std::runtime_error(error.message());
  });
  CHECK(end.status == 0);
}

TEST_CASE("a tree is not restored under the hands of a process that writes in it") {
  TreeFixture app;
  BackupSet set = app.create();
  app.spoil();
  std::string spoiled = picture_of(app.root);
  {
    Elsewhere writer([&] { REQUIRE(::open((app.root / "data/one").c_str(), O_WRONLY) >= 0); });
    Error error = error_of([&] { app.restore(set); });
    CHECK(error.code() == Code::backup_failed);
    CHECK(error.message() ==
          "cannot restore directory " + app.root.string() + ": it is in use by test_runtime (pid " + std::to_string(writer.pid()) + ")");
    CHECK(error.hint() == "stop the application, then try again");
  }
  CHECK(picture_of(app.root) == spoiled);
  REQUIRE(shell("mount -t tmpfs tmpfs '" + app.root.string() + "'") == 0);
  Error error = error_of([&] { app.restore(set); });
  REQUIRE(shell("umount '" + app.root.string() + "'") == 0);
  CHECK(error.message() ==
        "cannot restore directory " + app.root.string() + ": " + app.root.string() + " is a mount point, which cannot be exchanged");
  Elsewhere reader([&] { REQUIRE(::open((app.root / "data/one").c_str(), O_RDONLY) >= 0); });
  app.restore(set);
}

TEST_CASE("specs of directories that make no sense are refused") {
  struct Case {
    Json spec;
    std::string text;
  };
  for (const Case& one :
       std::vector<Case>{{{{"type", "directory"}}, "source directory: path must name a folder"},
                         {{{"type", "directory"}, {"path", "a"}, {"exclude", {"../b"}}},
                          "source directory: exclude must be a list of paths below the folder, found \"../b\""},
                         {{{"type", "directory"}, {"path", "a"}, {"live", 1}}, "source directory: live must be true or false, found 1"},
                         {{{"type", "directory"}, {"path", "a"}, {"excludes", 1}},
                          "source directory: member \"excludes\" does not exist; did you mean \"exclude\"?"}}) {
    TreeFixture app;
    CHECK(error_of([&] { app.sources.check(Json::array({one.spec}), app.instance); }).message() == one.text);
  }
  TreeFixture app;
  app.spec["path"] = "gone";
  CHECK(error_of([&] { app.create(); }).code() == Code::file_missing);
  app.spec["path"] = "..";
  app.spec["name"] = "all";
  CHECK(error_of([&] { app.create(); }).message() ==
        "directory " + app.folder.path().string() + " holds the state of playbook or the backup set itself");
}

TEST_CASE("a snapshot taken elsewhere is vouched for, and never said to be restored") {
  TreeFixture app(TreeFixture::Size::empty);
  app.spec = {{"type", "external"}, {"id", "vol-0a1b"}, {"time", "2026-11-21T07:00:00Z"}, {"way_back", "attach vol-0a1b as /dev/vdb"}};
  BackupSet set = app.create();
  CHECK(findings(app, set) == "");
  const std::string label = "snapshot vol-0a1b of 2026-11-21T07:00:00.000Z, taken elsewhere";
  CHECK(app.sources.at("external").warnings(set.manifest().sources[0]) ==
        std::vector<std::string>{label + ": nobody looked at it; the operator vouches for it"});
  CHECK(app.rehearse(set)["sources"][0] == Json{{"name", "external"}, {"type", "external"}, {"rehearsed", false}, {"vouched", "vol-0a1b"}});
  Error error = error_of([&] { app.restore(set); });
  CHECK(error.code() == Code::unsupported);
  CHECK(error.message() == label + " cannot be brought back from here");
  CHECK(error.hint() == "attach vol-0a1b as /dev/vdb; then restore the other sources of the set with `only`");
  Work work = app.work();
  CHECK(loss_of(set, {}, app.sources, work)["text"] == label + " cannot be read, so what it would lose is not known");
  CHECK_THAT(read_file(set.path() / "RESTORE.md"), ContainsSubstring("attach vol-0a1b as /dev/vdb"));
  app.spec["time"] = "yesterday";
  CHECK(error_of([&] { app.create(); }).message() == "source external: time must be like 2026-11-21T07:00:00Z, found \"yesterday\"");
  app.spec["way_back"] = " ";
  CHECK(error_of([&] { app.create(); }).message() == "source external: way_back must be a text that is not blank, found \" \"");
}

TEST_CASE("a cancelled backup of a tree leaves nothing") {
  TreeFixture app;
  ActingFaults during("backup.archived", [&] { app.cancel.request(); });
  CHECK(error_of([&] { app.create(&during); }).code() == Code::cancelled);
  CHECK(fs::is_empty(app.backups));
}

TEST_CASE("a PGlite database is taken only when its server is proven stopped") {
  TreeFixture app(TreeFixture::Size::empty);
  fs::path whole = app.folder.path() / "whole", cluster = app.root / "pglite";
  fs::create_directories(whole);
  fs::permissions(app.folder.path(), fs::perms{0755});
  REQUIRE(shell("chown postgres '" + whole.string() +
                "' && su postgres -s /bin/sh -c \"$(ls -d /usr/lib/postgresql/*/bin | tail -1)/initdb -N -D '" + whole.string() +
                "' >/dev/null 2>&1\"") == 0);
  fs::create_directories(cluster / "global");
  for (const char* file : {"PG_VERSION", "global/pg_control"}) fs::copy_file(whole / file, cluster / file);
  app.folder.write("app/stacks/pglite/postmaster.pid", "-42\n");  // stays after a clean end
  CHECK(cluster_state(cluster) == "shut down");
  BackupSet set = app.create();
  CHECK(set.manifest().sources[0].state["pglite"] == Json{{"pglite", std::string(trim(read_file(cluster / "PG_VERSION")))}});
  fs::remove_all(app.backups);
  {
    Elsewhere server([&] { REQUIRE(::open((cluster / "global/pg_control").c_str(), O_RDWR) >= 0); });
    Error error = error_of([&] { app.create(); });
    CHECK(error.code() == Code::postgres_locked);
    CHECK(error.message() ==
          "PGlite database " + cluster.string() + " is in use by test_runtime (pid " + std::to_string(server.pid()) + ")");
  }
  {
    Elsewhere container([&] {
      REQUIRE(shell("true") == 0);
      REQUIRE(::unshare(CLONE_NEWNS) == 0);
      REQUIRE(shell("mount --make-rprivate / && mount --bind '" + app.root.string() + "' /mnt") == 0);
    });
    CHECK(error_of([&] { app.create(); }).message() ==
          "PGlite database " + cluster.string() + " is in use by test_runtime (pid " + std::to_string(container.pid()) + ")");
  }
  std::string control = read_file(cluster / "global/pg_control");
  control[16] = 6;
  std::ofstream(cluster / "global/pg_control", std::ios::binary) << control;
  Error error = error_of([&] { app.create(); });
  CHECK(error.code() == Code::postgres_failed);
  CHECK(error.message() == "PGlite database " + cluster.string() + " was not shut down cleanly: its state is \"in production\"");
  CHECK(error.hint() == "start the application, wait until it is ready, and stop it with enough time to end by itself");
  app.spec["pglite"] = false;
  app.create();
}
