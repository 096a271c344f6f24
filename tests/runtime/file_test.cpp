// Real files, a real full disk, and a process that really dies between the steps of a replacement.
#include "runtime/base/file.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"
#include "tests/support/catch.h"
#include "tests/support/primitive_fixture.h"

using namespace playbook;
namespace fs = std::filesystem;
using playbook::testing::error_of;
using playbook::testing::TempFolder;

namespace {

size_t count_files(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status;
}

// Ends the process at one instant, or notes all of them.
class Recorder : public Faults {
 public:
  explicit Recorder(std::string deadly = "") : deadly_(std::move(deadly)) {}
  void reach(std::string_view instant) override {
    seen.emplace_back(instant);
    if (instant == deadly_) ::_exit(9);
  }
  std::vector<std::string> seen;

 private:
  std::string deadly_;
};

// Runs `work` in a process of its own and gives its exit status.
template <typename Work>
int in_child(Work work) {
  pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("a file is replaced and keeps its mode, its owner and its extended attributes") {
  TempFolder folder;
  fs::path path = folder.write("app.env", "old");
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  bool is_root = ::geteuid() == 0;
  if (is_root) REQUIRE(::chown(path.c_str(), 1234, 2345) == 0);
  bool has_xattrs = ::setxattr(path.c_str(), "user.note", "kept", 4, 0) == 0;

  replace_file(path, "new");

  CHECK(read_file(path) == "new");
  CHECK((status_of(path).st_mode & 07777) == 0640);
  if (is_root) CHECK((status_of(path).st_uid == 1234 && status_of(path).st_gid == 2345));
  char value[8] = {};
  if (has_xattrs) CHECK(::getxattr(path.c_str(), "user.note", value, sizeof value) == 4);
  CHECK(count_files(folder.path()) == 1);
}

TEST_CASE("a new file gets the mode that was asked for, whatever the umask") {
  TempFolder folder;
  replace_file(folder.path() / "key", "secret", 0600);
  replace_file(folder.path() / "page", "text", 0666);
  CHECK((status_of(folder.path() / "key").st_mode & 07777) == 0600);
  CHECK((status_of(folder.path() / "page").st_mode & 07777) == 0666);
}

TEST_CASE("a symbolic link stays one, and what it points to is replaced") {
  TempFolder folder;
  folder.write("shared/real.env", "old");
  fs::create_symlink("shared/real.env", folder.path() / ".env");
  replace_file(folder.path() / ".env", "new");
  CHECK(fs::is_symlink(folder.path() / ".env"));
  CHECK(read_file(folder.path() / "shared/real.env") == "new");

  fs::create_symlink("shared/later.env", folder.path() / "dangling");
  replace_file(folder.path() / "dangling", "made");
  CHECK(read_file(folder.path() / "shared/later.env") == "made");

  fs::create_symlink("loop", folder.path() / "loop");
  CHECK(error_of([&] { replace_file(folder.path() / "loop", "x"); }).code() == Code::file_failed);
}

TEST_CASE("an edit by another hand is noticed and nothing is changed") {
  TempFolder folder;
  fs::path path = folder.write("app.env", "edited by another");
  Error error = error_of([&] { replace_file(path, "mine", 0644, sha256("as I read it")); });
  CHECK(error.code() == Code::file_changed);
  CHECK(error.message() == path.string() + " is not as it was read; another hand changed it in the meantime");
  CHECK(error_of([&] { replace_file(path, "mine", 0644, ""); }).message() ==
        path.string() + " exists by now; another hand changed it in the meantime");
  CHECK(error_of([&] { replace_file(folder.path() / "gone", "mine", 0644, sha256("x")); }).message() ==
        (folder.path() / "gone").string() + " is gone; another hand changed it in the meantime");
  CHECK(read_file(path) == "edited by another");
  CHECK(count_files(folder.path()) == 1);
  replace_file(path, "mine", 0644, sha256("edited by another"));
  CHECK(read_file(path) == "mine");
}

TEST_CASE("what is not a file is not replaced") {
  TempFolder folder;
  fs::create_directory(folder.path() / "folder");
  CHECK(error_of([&] { replace_file(folder.path() / "folder", "x"); }).message() ==
        (folder.path() / "folder").string() + " is not a regular file");
  CHECK(error_of([&] { replace_file(folder.path() / "absent/file", "x"); }).code() == Code::file_missing);
}

TEST_CASE("a process that dies inside a replacement leaves the old content or the new one, and its remains can be swept") {
  Recorder all;
  TempFolder trial;
  replace_file(trial.path() / "f", "x", 0644, std::nullopt, &all);
  REQUIRE(all.seen == std::vector<std::string>{"file.temporary", "file.synced", "file.renamed"});

  for (const std::string& instant : all.seen) {
    INFO(instant);
    TempFolder folder;
    fs::path path = folder.write("app.env", "old");
    int status = in_child([&] {
      Recorder deadly(instant);
      replace_file(path, "new", 0644, std::nullopt, &deadly);
      return 0;
    });
    CHECK(status == 9);
    CHECK(read_file(path) == (instant == "file.renamed" ? "new" : "old"));
    folder.write(".app.env.playbook-notours-longer", "stays");
    discard_temporaries(path);
    CHECK(count_files(folder.path()) == 2);
  }
}

TEST_CASE("a full disk is said, and leaves the old content and nothing beside it") {
  TempFolder folder;
  int status = in_child([&]() -> int {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return 77;
    if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) return 77;
    fs::path path = folder.path() / "app.env";
    replace_file(path, "old");
    try {
      replace_file(path, std::string(1 << 20, 'x'));
    } catch (const Error& error) {
      if (error.code() != Code::disk_full) return 2;
      if (error.message() != "cannot write " + path.string() + ": No space left on device") return 3;
      return read_file(path) == "old" && count_files(folder.path()) == 1 ? 0 : 4;
    }
    return 1;
  });
  if (status == 77)
    WARN("no right to mount: the full disk was not tried");
  else
    CHECK(status == 0);
}

TEST_CASE("reading tells absent from unreadable") {
  TempFolder folder;
  fs::path absent = folder.path() / "absent";
  CHECK_FALSE(try_read_file(absent));
  CHECK_FALSE(try_read_file(folder.write("file", "x") / "below"));
  CHECK(file_digest(absent).empty());
  CHECK(file_digest(folder.write("abc", "abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Error error = error_of([&] { read_file(absent); });
  CHECK(error.code() == Code::file_missing);
  CHECK(error.message() == "cannot open " + absent.string() + ": No such file or directory");
  CHECK(error_of([&] { read_file(folder.path()); }).code() == Code::file_failed);
}

TEST_CASE("removing says whether there was something; folders are made with their mode") {
  TempFolder folder;
  fs::path path = folder.write("file", "x");
  CHECK(remove_file(path));
  CHECK_FALSE(remove_file(path));
  make_folder(folder.path() / "a/b", 0700);
  make_folder(folder.path() / "a/b", 0700);
  CHECK((status_of(folder.path() / "a/b").st_mode & 07777) == 0700);
  folder.write("blocked", "x");
  CHECK(error_of([&] { make_folder(folder.path() / "blocked/below"); }).code() == Code::file_failed);
}
