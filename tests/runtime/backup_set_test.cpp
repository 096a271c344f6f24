#include "runtime/backup/set.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <regex>

#include "runtime/backup/partial.h"
#include "runtime/backup/sums.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "tests/support/backup_fixture.h"
#include "tests/support/catch.h"
#include "tests/support/crash.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
using namespace playbook::testing;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(folder));
  std::sort(files.begin(), files.end());
  return files;
}

mode_t mode_of(const fs::path& path) {
  struct stat found {};
  ::stat(path.c_str(), &found);
  return found.st_mode & 07777;
}

std::string found(const std::vector<Finding>& findings) { return describe(findings); }

/// Rewrites manifest and sums so that they agree, as a forger would.
void forge_version(const fs::path& set) {
  std::string manifest = std::regex_replace(read_file(set / "manifest.json"), std::regex("\"version\": \"1.0\""), "\"version\": \"2.0\"");
  std::string sums = read_file(set / "SHA256SUMS");
  std::string before = file_digest(set / "manifest.json");
  overwrite(set / "manifest.json", manifest);
  overwrite(set / "SHA256SUMS", std::regex_replace(sums, std::regex(before), sha256(manifest)));
}

}  // namespace

TEST_CASE("a set holds what it says, for nobody but its owner") {
  BackupFixture app;
  BackupSet set = app.create();
  CHECK(set.path().filename() == "20261121T071349Z-demo-1.0");
  CHECK(files_in(set.path()) ==
        std::vector<std::string>{"RESTORE.md", "SHA256SUMS", "attestations.jsonl", "config/app.env", "manifest.json", "notes.sqlite.zst"});
  for (const std::string& file : files_in(set.path())) CHECK(mode_of(set.path() / file) == 0600);
  CHECK(mode_of(set.path()) == 0700);
  CHECK(mode_of(app.backups) == 0700);
  CHECK(read_file(set.path() / "config/app.env") == app.present_config());
  CHECK(read_file(set.path() / "manifest.json").find("a b $c") == std::string::npos);
  CHECK(set.digest() == file_digest(set.path() / "SHA256SUMS"));
  CHECK(shell("cd " + set.path().string() + " && sha256sum --quiet --strict -c SHA256SUMS") == 0);
  CHECK(shell("zstd -q -t " + set.path().string() + "/notes.sqlite.zst") == 0);
  CHECK(app.verify(set).empty());
  CHECK_FALSE(fs::exists(app.folder.path() / "scratch-0"));
}

TEST_CASE("names of sets are taken only once") {
  TempFolder folder;
  Utc now = parse_iso("2026-11-21T07:13:49.123Z");
  CHECK(free_set_name(folder.path(), now, "", "") == "20261121T071349Z");
  CHECK(free_set_name(folder.path(), now, "my app", "1.0/x") == "20261121T071349Z-my_app-1.0_x");
  fs::create_directory(folder.path() / "20261121T071349Z-a-1");
  CHECK(free_set_name(folder.path(), now, "a", "1") == "20261121T071349Z-a-1-2");
  fs::create_directory(folder.path() / "20261121T071349Z-a-1-2.partial");
  CHECK(free_set_name(folder.path(), now, "a", "1") == "20261121T071349Z-a-1-3");
}

TEST_CASE("every single flipped bit of every file of a set is found") {
  BackupFixture app;
  BackupSet set = app.create();
  for (const std::string& file : files_in(set.path())) {
    if (file == kAttestationsFile) continue;
    std::string good = read_file(set.path() / file);
    // Every byte of a small file; the ends and a sample of a large one.
    for (size_t at = 0; at < good.size(); at += good.size() < 1000 || at < 16 || at + 16 > good.size() ? 1 : good.size() / 50) {
      std::string bad = good;
      bad[at] = static_cast<char>(bad[at] ^ (1 << (at % 8)));
      overwrite(set.path() / file, bad);
      std::vector<Finding> findings;
      Work work = app.work();
      try {
        findings = verify_set(set.path(), "", app.sources, work, Depth::content);  // not even the digest of the sums is known
      } catch (const Error& error) {
        REQUIRE(error.code() == Code::backup_newer);  // a flipped bit in the format's number
        findings.push_back({file, error.message()});
      }
      INFO(file << " byte " << at);
      bool named = std::any_of(findings.begin(), findings.end(), [&](const Finding& one) { return one.file == file; });
      // In SHA256SUMS it may just as well look like a change of the file whose line it is in.
      REQUIRE((named || (file == kSumsFile && !findings.empty())));
    }
    overwrite(set.path() / file, good);
  }
  CHECK(app.verify(set).empty());
}

TEST_CASE("each thing that can happen to a set is named") {
  struct Case {
    std::string name;
    std::function<void(const fs::path&)> harm;
    std::string text;
  };
  std::vector<Case> cases = {
      {"missing part", [](const fs::path& set) { fs::remove(set / "notes.sqlite.zst"); }, "notes.sqlite.zst is missing"},
      {"missing instructions", [](const fs::path& set) { fs::remove(set / "RESTORE.md"); }, "RESTORE.md is missing"},
      {"missing manifest", [](const fs::path& set) { fs::remove(set / "manifest.json"); }, "manifest.json is missing"},
      {"missing sums", [](const fs::path& set) { fs::remove(set / "SHA256SUMS"); }, "SHA256SUMS is missing"},
      {"added file", [](const fs::path& set) { overwrite(set / "config/extra", "x"); }, "config/extra was added"},
      {"added link", [](const fs::path& set) { fs::create_symlink("/etc/passwd", set / "link"); }, "link was added"},
      {"added folder", [](const fs::path& set) { fs::create_directory(set / "empty"); }, "empty was added"},
      {"file become a link",
       [](const fs::path& set) {
         fs::rename(set / "config/app.env", set / "../elsewhere");
         fs::create_symlink("../../elsewhere", set / "config/app.env");
       },
       "config/app.env is not a regular file"},
      {"renamed part", [](const fs::path& set) { fs::rename(set / "notes.sqlite.zst", set / "other.zst"); },
       "notes.sqlite.zst was renamed to other.zst, other.zst was called notes.sqlite.zst when the set was made"},
      {"truncated part", [](const fs::path& set) { fs::resize_file(set / "notes.sqlite.zst", 100); },
       "notes.sqlite.zst is cut short: 100 of "},
      {"emptied file", [](const fs::path& set) { fs::resize_file(set / "config/app.env", 0); },
       "config/app.env is cut short: 0 of 28 bytes"},
      {"grown file", [](const fs::path& set) { overwrite(set / "config/app.env", std::string(100, 'x')); }, "config/app.env was changed"},
      {"renamed set", [](const fs::path& set) { fs::copy(set, set.parent_path() / "copy", fs::copy_options::recursive); }, ""},
      {"forged manifest and sums", [](const fs::path& set) { forge_version(set); },
       "SHA256SUMS is not the one that was written when the set was made"},
      {"two things", [](const fs::path& set) { fs::remove(set / "RESTORE.md"), overwrite(set / "config/app.env", "x"); },
       "RESTORE.md is missing, config/app.env is cut short: 1 of 28 bytes"},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    BackupFixture app;
    BackupSet set = app.create();
    one.harm(set.path());
    if (one.text.empty())
      CHECK(found(app.verify(set)) == "");
    else
      CHECK_THAT(found(app.verify(set)), StartsWith(one.text));
  }
}

TEST_CASE("a set under another name says whose it is") {
  BackupFixture app;
  BackupSet set = app.create();
  fs::rename(set.path(), app.backups / "renamed");
  Work work = app.work();
  CHECK(found(verify_set(app.backups / "renamed", set.digest(), app.sources, work)) ==
        "manifest.json is of the set 20261121T071349Z-demo-1.0, the folder is called renamed");
}

TEST_CASE("a forged set is good only in the eyes of who does not know its digest") {
  BackupFixture app;
  BackupSet set = app.create();
  forge_version(set.path());
  CHECK(shell("cd " + set.path().string() + " && sha256sum --quiet -c SHA256SUMS") == 0);
  Work work = app.work();
  CHECK(verify_set(set.path(), "", app.sources, work).empty());
  Error error = error_of([&] { app.restore(set); });
  CHECK(error.code() == Code::backup_corrupt);
  CHECK(error.message() ==
        "backup set " + set.path().string() + " is damaged: SHA256SUMS is not the one that was written when the set was made");
}

TEST_CASE("a set of a newer version is refused by its format") {
  BackupFixture app;
  BackupSet set = app.create();
  overwrite(set.path() / kManifestFile, "{\"format\": 2, \"name\": \"x\"}");
  Error error = error_of([&] { BackupSet::open(set.path()); });
  CHECK(error.code() == Code::backup_newer);
  CHECK(error.message() == "backup set 20261121T071349Z-demo-1.0 has format 2, this version reads up to 1");
  CHECK(error_of([&] { app.verify(set); }).code() == Code::backup_newer);
}

TEST_CASE("manifests that are none are refused with the reason") {
  std::string head = "manifest.json of x ";
  struct Case {
    std::string text, message;
  };
  std::string part = R"({"file":"FILE","source":"s","encoding":"ENC","bytes":1,"stored_bytes":1,"sha256":"","content_sha256":""})";
  auto with_part = [&](const std::string& file, const std::string& encoding) {
    std::string text = std::regex_replace(std::regex_replace(part, std::regex("FILE"), file), std::regex("ENC"), encoding);
    return R"({"format":1,"name":"x","created":"","sources":[],"parts":[)" + text + "]}";
  };
  std::vector<Case> cases = {
      {"", "is not a manifest"},
      {"[]", "is not a manifest"},
      {R"({"format":"1"})", "is not a manifest"},
      {R"({"format":1})", "lacks a member or has one of the wrong type"},
      {R"({"format":1,"name":3,"created":"","sources":[],"parts":[]})", "lacks a member or has one of the wrong type"},
      {with_part("../../etc/passwd", "plain"), "names a part outside of the set: ../../etc/passwd"},
      {with_part("/etc/passwd", "plain"), "names a part outside of the set: /etc/passwd"},
      {with_part("a", "lzma"), "has an unknown encoding lzma"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    Error error = error_of([&] { Manifest::parse(one.text, "x"); });
    CHECK(error.code() == Code::backup_corrupt);
    CHECK(error.message() == head + one.message);
  }
  CHECK(Manifest::parse(with_part("a/b.zst", "zstd"), "x").parts.at(0).encoding == Encoding::zstd);
}

TEST_CASE("the commands of RESTORE.md bring the set back without this tool") {
  BackupFixture app;
  REQUIRE(::chown(app.database.c_str(), 1234, 1235) == 0);
  BackupSet set = app.create();
  app.spoil();
  {
    Sqlite held(app.database, Sqlite::Mode::write);  // dies with rows in its WAL, as a killed application does
    ChildEnd end = in_child([&] {
      Sqlite dying(app.database, Sqlite::Mode::write);
      dying.execute("insert into notes(text) values('in the wal')");
      ::kill(::getpid(), SIGKILL);
    });
    REQUIRE(end.killed);
    fs::copy_file(app.database.string() + "-wal", app.folder.path() / "wal");
  }
  fs::copy_file(app.folder.path() / "wal", app.database.string() + "-wal", fs::copy_options::overwrite_existing);

  std::string text = read_file(set.path() / "RESTORE.md"), commands = "set -eu\n";
  std::regex block("```sh\n([^`]*)```");
  for (std::sregex_iterator one(text.begin(), text.end(), block), end; one != end; ++one) commands += (*one)[1].str();
  app.folder.write("restore.sh", commands);
  INFO(commands);
  REQUIRE(shell("sh " + (app.folder.path() / "restore.sh").string()) == 0);
  CHECK(app.state() == "old");
  struct stat owner {};
  REQUIRE(::stat(app.database.c_str(), &owner) == 0);
  CHECK(owner.st_uid == 1234);
  CHECK(owner.st_gid == 1235);
  CHECK(mode_of(app.database) == 0640);
  CHECK(mode_of(app.config) == 0600);
  Sqlite kept(app.database.string() + ".before-20261121T071349Z-demo-1.0", Sqlite::Mode::write);
  CHECK(kept.scalar("select count(*) from notes") == 402);
}

TEST_CASE("a set whose maker was killed at any instant is never listed as good, and is cleaned up by the next") {
  NotingFaults noted;
  {
    BackupFixture app;
    app.create(&noted);
  }
  REQUIRE(noted.reached.size() >= 8);
  CHECK(noted.reached.back() == "backup.renamed");
  for (size_t at = 0; at < noted.reached.size(); ++at) {
    INFO("killed at " << noted.reached[at]);
    BackupFixture app;
    ChildEnd end = in_child([&] {
      KillingFaults kill(at);
      app.create(&kill);
    });
    REQUIRE(end.killed);
    bool renamed = noted.reached[at] == "backup.renamed";
    for (const ListedSet& listed : list_sets(app.backups)) {
      CHECK(listed.set.has_value() == renamed);
      if (listed.set) CHECK(app.verify(*listed.set).empty());
      if (!listed.set) CHECK(listed.problem == "it is unfinished");
    }
    ++app.made;
    BackupSet next = app.create();
    CHECK(app.verify(next).empty());
    CHECK(list_sets(app.backups).size() == (renamed ? 2 : 1));
  }
}

TEST_CASE("a set that another process is still writing is left alone") {
  BackupFixture app;
  fs::create_directories(app.backups / "20261121T000000Z.partial");
  int held = ::open((app.backups / "20261121T000000Z.partial").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  REQUIRE(::flock(held, LOCK_EX) == 0);
  CHECK(remove_leftovers(app.backups).empty());
  ::close(held);
  CHECK(remove_leftovers(app.backups) == std::vector<std::string>{"20261121T000000Z.partial"});
}

TEST_CASE("a failure or a cancellation on the way leaves nothing") {
  BackupFixture app;
  CancelToken cancel;
  class CancelAt : public Faults {
   public:
    CancelAt(CancelToken& cancel, std::string at) : cancel_(cancel), at_(std::move(at)) {}
    void reach(std::string_view instant) override {
      if (instant == at_) cancel_.request();
    }

   private:
    CancelToken& cancel_;
    std::string at_;
  };
  for (std::string at : {"backup.begun", "backup.copied", "backup.part", "backup.written", "backup.verified", "backup.synced"}) {
    INFO(at);
    cancel.reset();
    CancelAt faults(cancel, at);
    Work work(app.folder.path() / "scratch", &cancel, &faults);
    Error error = error_of([&] { create_set({app.backups, "x", {}, app.sources.check(app.specs(), app.instance)}, app.sources, work); });
    CHECK(error.code() == Code::cancelled);
    CHECK(fs::is_empty(app.backups));
  }
  fs::remove(app.config);
  Error missing = error_of([&] { app.create(); });
  CHECK(missing.message() == "source files: " + app.config.string() + " does not exist");
  CHECK(fs::is_empty(app.backups));
}

TEST_CASE("a damaged database is not backed up") {
  BackupFixture app;
  {
    std::fstream file(app.database, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 5);
    file << std::string(4096, '\x55');
  }
  Error error = error_of([&] { app.create(); });
  CHECK(error.code() == Code::sqlite_failed);
  CHECK_THAT(error.message(), StartsWith("database " + app.database.string() + " is damaged: "));
  CHECK(fs::is_empty(app.backups));
}

TEST_CASE("on a full disk no set is left and the error says so") {
  if (::geteuid() != 0) FAIL("run as root: this test mounts a tmpfs of its own");
  BackupFixture app;
  std::string full = (app.folder.path() / "full").string();
  fs::create_directory(full);
  ChildEnd end = in_child([&] {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", full.c_str(), "tmpfs", 0, "size=200k") != 0)
      throw std::runtime_error("cannot mount a tmpfs");
    // From no space at all, through "the copy fits but not the part", to almost enough.
    for (int free_kib : {0, 40, 120, 160, 190}) {
      overwrite(full + "/ballast", std::string(static_cast<size_t>(200 - free_kib) * 1024, 'x'));
      app.backups = full + "/backups";
      try {
        app.create();
        throw std::runtime_error("a set was made in " + std::to_string(free_kib) + " KiB");
      } catch (const Error& error) {
        if (error.code() != Code::disk_full) throw std::runtime_error("expected disk.full, found " + error.message());
      }
      if (fs::exists(app.backups) && !fs::is_empty(app.backups)) throw std::runtime_error("something was left behind");
      fs::remove(full + "/ballast");
    }
  });
  CHECK_FALSE(end.killed);
  CHECK(end.status == 0);
}

TEST_CASE("what cannot be a source is refused before anything is made") {
  BackupFixture app;
  struct Case {
    Json specs;
    std::string message;
  };
  std::vector<Case> cases = {
      {Json::array(), "sources must be a list of at least one source"},
      {Json::array({"data.db"}), "a source must be a map with a type, such as {type=\"sqlite\", path=\"data.db\"}"},
      {Json::array({{{"type", "sqllite"}, {"path", "x"}}}), "there is no backup source of type \"sqllite\"; did you mean \"sqlite\"?"},
      {Json::array({{{"type", "sqlite"}, {"file", "x"}}}), "source sqlite: member \"file\" does not exist"},
      {Json::array({{{"type", "sqlite"}}}), "source sqlite: path must name a database file"},
      {Json::array({{{"type", "sqlite"}, {"path", "x"}, {"name", "../x"}}}),
       "source sqlite: name must be letters, digits, `.`, `_` and `-`, found \"../x\""},
      {Json::array({{{"type", "sqlite"}, {"path", "a/x.db"}}, {{"type", "sqlite"}, {"path", "b/x.db"}}}), "two sources are called \"x\""},
      {Json::array({{{"type", "files"}, {"paths", Json::array()}}}), "source files: paths must name at least one file"},
      {Json::array({{{"type", "files"}, {"paths", {"/etc/passwd"}}}}), "source files: /etc/passwd is not below " + app.instance.string()},
      {Json::array({{{"type", "files"}, {"paths", {"../x"}}}}),
       "source files: " + (app.folder.path() / "x").string() + " is not below " + app.instance.string()},
      {Json::array({{{"type", "files"}, {"paths", {3}}}}), "source files: paths must be a list of paths, found 3"},
  };
  for (const Case& one : cases) {
    INFO(one.specs);
    CHECK(error_of([&] { app.sources.check(one.specs, app.instance); }).message() == one.message);
  }
}

TEST_CASE("progress of a backup is told in bytes and never runs ahead of its total") {
  BackupFixture app;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> told;
  Work work(app.folder.path() / "scratch", nullptr, nullptr,
            [&](std::uint64_t done, std::optional<std::uint64_t> total) { told.emplace_back(done, total.value_or(0)); });
  create_set({app.backups, "x", {}, app.sources.check(app.specs(), app.instance)}, app.sources, work);
  REQUIRE_FALSE(told.empty());
  for (size_t i = 0; i < told.size(); ++i) {
    CHECK(told[i].first <= told[i].second);
    CHECK((i == 0 || told[i].first >= told[i - 1].first));
  }
}

TEST_CASE("a set keeps working in another folder, and a scratch file of a dead try is replaced") {
  BackupFixture app;
  BackupSet set = app.create();
  fs::path moved = app.folder.path() / "other host" / set.path().filename();
  fs::create_directories(moved.parent_path());
  fs::rename(set.path(), moved);
  app.folder.write("scratch-0/notes.sqlite", "left by a process that was killed");
  app.folder.write("scratch-0/notes.sqlite-wal", "left too");
  CHECK(app.verify(BackupSet::open(moved)).empty());
  CHECK_FALSE(fs::exists(app.folder.path() / "scratch-0"));
}
