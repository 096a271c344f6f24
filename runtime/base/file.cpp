#include "runtime/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kTemporaryMark = ".playbook-";

[[noreturn]] void fail(const std::string& operation, const fs::path& path) {
  throw system_error(errno, "cannot " + operation + " " + path.string());
}

bool is_absent(int error_number) { return error_number == ENOENT || error_number == ENOTDIR; }

Descriptor open_or_absent(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && !is_absent(errno)) fail("open", path);
  return file;
}

// Hands the content over in pieces.
template <typename Sink>
void read_all(int fd, const fs::path& path, Sink sink) {
  std::vector<char> buffer(64 << 10);
  for (;;) {
    ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) return;
    if (count > 0)
      sink(std::string_view(buffer.data(), static_cast<size_t>(count)));
    else if (errno != EINTR)
      fail("read", path);
  }
}

void write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("write", path);
    content.remove_prefix(static_cast<size_t>(count));
  }
}

// Where writing through `path` would land: symlinks are followed, also to a name that does not exist yet.
fs::path target_of(fs::path path) {
  for (int links = 0; links < 40; ++links) {
    std::error_code error;
    fs::path link = fs::read_symlink(path, error);
    if (error) return path;
    path = link.is_absolute() ? link : path.parent_path() / link;
  }
  errno = ELOOP;
  fail("follow", path);
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

std::string temporary_prefix(const fs::path& target) { return "." + target.filename().string() + std::string(kTemporaryMark); }

// A new file beside its target, which is unlinked unless it was renamed.
class Temporary {
 public:
  explicit Temporary(const fs::path& target) : path_((folder_of(target) / (temporary_prefix(target) + "XXXXXX")).string()) {
    file_.reset(::mkostemp(path_.data(), O_CLOEXEC));
    if (!file_) fail("create a file beside", target);
  }
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  int fd() const { return file_.get(); }
  const std::string& path() const { return path_; }
  void renamed() { path_.clear(); }

 private:
  std::string path_;
  Descriptor file_;
};

std::vector<std::string> xattr_names(const fs::path& path) {
  std::string names(64 << 10, '\0');  // the kernel's limit for the list
  ssize_t size = ::listxattr(path.c_str(), names.data(), names.size());
  if (size < 0 && errno != ENOTSUP) fail("list the extended attributes of", path);
  std::vector<std::string> list;
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(list.back().size()) + 1) list.emplace_back(names.c_str() + at);
  return list;
}

// IMA and EVM attributes describe the old content; everything else must be kept, or nothing is replaced.
void copy_xattrs(const fs::path& from, int to) {
  std::string value(64 << 10, '\0');  // the kernel's limit for one value
  for (const std::string& name : xattr_names(from)) {
    if (name == "security.ima" || name == "security.evm") continue;
    ssize_t size = ::getxattr(from.c_str(), name.c_str(), value.data(), value.size());
    if (size < 0 || ::fsetxattr(to, name.c_str(), value.data(), static_cast<size_t>(size), 0) != 0)
      fail("keep the extended attribute " + name + " of", from);
  }
}

// Owner before mode (chown clears set-id bits), mode before xattrs (an access ACL says more than the mode).
void copy_attributes(const fs::path& target, const struct stat& before, int to) {
  struct stat now {};
  if (::fstat(to, &now) != 0) fail("look at a file beside", target);
  if ((now.st_uid != before.st_uid || now.st_gid != before.st_gid) && ::fchown(to, before.st_uid, before.st_gid) != 0)
    fail("keep the owner of", target);
  if (::fchmod(to, before.st_mode & 07777) != 0) fail("keep the mode of", target);
  copy_xattrs(target, to);
}

void expect_content(const fs::path& path, const std::string& expected) {
  std::string found = file_digest(path);
  if (found == expected) return;
  std::string what = expected.empty() ? "exists by now" : found.empty() ? "is gone" : "is not as it was read";
  throw Error(Code::file_changed, path.string() + " " + what + "; another hand changed it in the meantime",
              "look at the file, then run this again", {{"path", path.string()}, {"expected", expected}, {"found", found}});
}

// A file that must be new never replaces one that another hand made in between.
void rename_over(const Temporary& temporary, const fs::path& target, bool must_be_new) {
  if (::renameat2(AT_FDCWD, temporary.path().c_str(), AT_FDCWD, target.c_str(), must_be_new ? RENAME_NOREPLACE : 0) == 0) return;
  if (must_be_new && errno == EEXIST) expect_content(target, "");
  if (must_be_new && errno == EINVAL && ::rename(temporary.path().c_str(), target.c_str()) == 0) return;  // a file system without that flag
  fail("replace", target);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) reset(other.release());
  return *this;
}

void Descriptor::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

std::optional<std::string> try_read_file(const fs::path& path) {
  Descriptor file = open_or_absent(path);
  if (!file) return std::nullopt;
  std::string content;
  read_all(file.get(), path, [&](std::string_view piece) { content += piece; });
  return content;
}

std::string read_file(const fs::path& path) {
  if (auto content = try_read_file(path)) return *std::move(content);
  errno = ENOENT;
  fail("open", path);
}

std::string file_digest(const fs::path& path) {
  Descriptor file = open_or_absent(path);
  if (!file) return "";
  Sha256 hash;
  read_all(file.get(), path, [&](std::string_view piece) { hash.update(piece); });
  return hash.finish();
}

void replace_file(const fs::path& path, std::string_view content, mode_t mode, const std::optional<std::string>& expected_before,
                  Faults* faults) {
  fs::path target = target_of(path);
  struct stat before {};
  bool exists = ::stat(target.c_str(), &before) == 0;
  if (!exists && !is_absent(errno)) fail("look at", target);
  if (exists && !S_ISREG(before.st_mode)) throw Error(Code::file_failed, target.string() + " is not a regular file");

  Temporary temporary(target);
  if (exists)
    copy_attributes(target, before, temporary.fd());
  else if (::fchmod(temporary.fd(), mode) != 0)
    fail("set the mode of", target);
  write_all(temporary.fd(), content, target);
  reach(faults, "file.temporary");
  if (::fsync(temporary.fd()) != 0) fail("sync", target);
  reach(faults, "file.synced");
  if (expected_before) expect_content(target, *expected_before);
  rename_over(temporary, target, expected_before && expected_before->empty());
  temporary.renamed();
  reach(faults, "file.renamed");
  sync_folder(folder_of(target));
}

void discard_temporaries(const fs::path& path) {
  fs::path target = target_of(path);
  std::string prefix = temporary_prefix(target);
  std::error_code error;
  for (fs::directory_iterator entry(folder_of(target), error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (name.starts_with(prefix) && name.size() == prefix.size() + 6) remove_file(entry->path());
  }
}

bool remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (is_absent(errno)) return false;
    fail("remove", path);
  }
  sync_folder(folder_of(path));
  return true;
}

void sync_folder(const fs::path& folder) {
  Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle || ::fsync(handle.get()) != 0) fail("sync the folder", folder);
}

void sync_file(const fs::path& path) {
  Descriptor handle(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!handle || ::fsync(handle.get()) != 0) fail("sync", path);
}

void make_folder(const fs::path& folder, mode_t mode) {
  if (folder.empty() || fs::is_directory(folder)) return;
  make_folder(folder.parent_path(), mode);
  if (::mkdir(folder.c_str(), mode) == 0) return sync_folder(folder_of(folder));
  if (errno != EEXIST || !fs::is_directory(folder)) fail("make the folder", folder);
}

}  // namespace playbook
