#include "runtime/backup/tree_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/text.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

EntryKind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return EntryKind::folder;
    case S_IFLNK:
      return EntryKind::symlink;
    case S_IFIFO:
      return EntryKind::pipe;
    case S_IFCHR:
      return EntryKind::character_device;
    case S_IFBLK:
      return EntryKind::block_device;
    case S_IFSOCK:
      return EntryKind::socket;
    default:
      return EntryKind::file;
  }
}

// A name in an open folder, as a path that system calls without an *at form take.
std::string through(int folder, const std::string& name) { return "/proc/self/fd/" + std::to_string(folder) + "/" + name; }

// What cannot be read here (trusted.* by others than root) is not seen; a file system without attributes has none.
std::map<std::string, std::string> xattrs_of(int folder, const std::string& name) {
  std::map<std::string, std::string> found;
  std::string path = through(folder, name), names(256, '\0');
  ssize_t size;
  while ((size = ::llistxattr(path.c_str(), names.data(), names.size())) < 0 && errno == ERANGE) names.resize(names.size() * 4);
  for (const std::string& key : split(std::string_view(names).substr(0, size < 0 ? 0 : static_cast<size_t>(size)), '\0')) {
    if (key.empty()) continue;
    std::string value(256, '\0');
    while ((size = ::lgetxattr(path.c_str(), key.c_str(), value.data(), value.size())) < 0 && errno == ERANGE)
      value.resize(value.size() * 4);
    if (size >= 0) found[key] = value.substr(0, static_cast<size_t>(size));
  }
  return found;
}

std::string target_of(int folder, const std::string& name) {
  std::string target(256, '\0');
  for (;;) {
    ssize_t size = ::readlinkat(folder, name.c_str(), target.data(), target.size());
    if (size < 0) return "";
    if (static_cast<size_t>(size) < target.size()) return target.substr(0, static_cast<size_t>(size));
    target.resize(target.size() * 4);
  }
}

}  // namespace

std::string printable_path(std::string_view bytes) {
  std::vector<std::string> names;
  for (const std::string& name : split(bytes, '/')) {
    std::string& text = names.emplace_back();
    bool utf8 = is_utf8(name);
    for (char c : name) {
      auto byte = static_cast<unsigned char>(c);
      char octal[8];
      std::snprintf(octal, sizeof octal, "\\%03o", byte);
      text += byte >= 0x20 && byte != 0x7f && byte != '\\' && (byte < 0x80 || utf8) ? std::string(1, c) : octal;
    }
  }
  return join(names, "/");
}

bool walks_before(std::string_view a, std::string_view b) {
  auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)); };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return rank(x) < rank(y); });
}

TreeWalk::TreeWalk(fs::path root, std::vector<std::string> excluded) : root_(std::move(root)), excluded_(std::move(excluded)) {
  Descriptor folder(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) throw system_error(errno, "cannot read the folder " + root_.string());
  pending_ = look(folder.get(), ".", "", "");
  device_ = pending_->status.st_dev;
  levels_.push_back({std::move(folder), "", "", {}});
}

std::string TreeWalk::full(const std::string& shown) const { return shown.empty() ? root_.string() : (root_ / shown).string(); }

std::optional<TreeWalk::Found> TreeWalk::next() {
  if (!std::exchange(begun_, true)) return pending_;  // the root
  if (pending_) enter(*std::exchange(pending_, std::nullopt));
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.names.empty()) {
      levels_.pop_back();
      continue;
    }
    auto [shown, name] = level.names.back();
    level.names.pop_back();
    if (!level.path.empty()) shown = level.shown + "/" + shown;
    if (std::find(excluded_.begin(), excluded_.end(), shown) != excluded_.end()) continue;
    auto found = look(level.folder.get(), name, level.path.empty() ? name : level.path + "/" + name, shown);
    if (!found) {
      vanished_.push_back(shown);
      continue;
    }
    if (found->entry.kind == EntryKind::folder) pending_ = found;
    return found;
  }
  return std::nullopt;
}

void TreeWalk::enter(const Found& found) {
  Descriptor folder(::openat(found.folder, found.name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!folder && (errno == EACCES || errno == EPERM)) return denied_.push_back(full(found.path));
  if (!folder && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return vanished_.push_back(found.path);
  auto failed = [&] { return system_error(errno, "cannot read the folder " + full(found.path)); };
  if (!folder) throw failed();
  Level level{std::move(folder), found.entry.path, found.path, {}};
  int copy = ::fcntl(level.folder.get(), F_DUPFD_CLOEXEC, 0);
  std::unique_ptr<DIR, int (*)(DIR*)> names(copy < 0 ? nullptr : ::fdopendir(copy), &::closedir);
  if (!names) throw failed();
  errno = 0;
  while (const dirent* entry = ::readdir(names.get())) {
    std::string name = entry->d_name;
    if (name != "." && name != "..") level.names.emplace_back(printable_path(name), name);
    errno = 0;
  }
  if (errno != 0) throw failed();
  std::sort(level.names.begin(), level.names.end(), [](const auto& a, const auto& b) { return b.first < a.first; });
  levels_.push_back(std::move(level));
}

std::optional<TreeWalk::Found> TreeWalk::look(int folder, const std::string& name, const std::string& path, const std::string& shown) {
  Found found;
  if (::fstatat(folder, name.c_str(), &found.status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw system_error(errno, "cannot look at " + full(shown));
  }
  const struct stat& status = found.status;
  found.folder = folder, found.name = name, found.path = shown;
  if (begun_ && status.st_dev != device_)
    throw Error(Code::unsupported, full(found.path) + " is a mount point in the tree " + root_.string(),
                "leave it out with `exclude`, and give it a source of its own");
  TreeEntry& entry = found.entry;
  entry.path = path;
  entry.kind = kind_of(status.st_mode);
  entry.mode = status.st_mode & 07777;
  entry.uid = status.st_uid, entry.gid = status.st_gid;
  entry.seconds = status.st_mtim.tv_sec, entry.nanoseconds = status.st_mtim.tv_nsec;
  if (entry.kind == EntryKind::symlink) entry.target = target_of(folder, name), entry.mode = 0777;
  if (entry.kind == EntryKind::character_device || entry.kind == EntryKind::block_device)
    entry.major = major(status.st_rdev), entry.minor = minor(status.st_rdev);
  if (entry.kind == EntryKind::file) {
    entry.size = static_cast<std::uint64_t>(status.st_size);
    if (status.st_nlink > 1)
      if (auto [first, added] = linked_.try_emplace({status.st_dev, status.st_ino}, path); !added) entry.same_as = first->second;
  }
  entry.xattrs = xattrs_of(folder, name);
  return found;
}

std::optional<Descriptor> TreeWalk::open(const Found& found, const fs::path& root) {
  Descriptor file(::openat(found.folder, found.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file) return file;
  if (errno == ENOENT || errno == ELOOP) return std::nullopt;
  throw system_error(errno, "cannot read " + (root / found.path).string());
}

}  // namespace playbook
