// holders_of_tree of holders.h.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>

#include "runtime/base/text.h"
#include "runtime/database/holders.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

using Inode = std::pair<dev_t, ino_t>;

std::set<Inode> inodes_of(const fs::path& root) {
  std::set<Inode> inodes;
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(root, kOptions, error), end; !error && entry != end; entry.increment(error)) {
    struct stat found {};
    if (::lstat(entry->path().c_str(), &found) == 0 && S_ISREG(found.st_mode)) inodes.insert({found.st_dev, found.st_ino});
  }
  return inodes;
}

/// A line of mountinfo (proc_pid_mountinfo(5)): which folder of which file system is mounted where.
struct Mount {
  std::string device, root, point;
  bool operator<(const Mount& other) const { return std::tie(device, root) < std::tie(other.device, other.root); }
};

std::vector<Mount> mounts_of(const std::string& process) {
  std::vector<Mount> mounts;
  std::ifstream file("/proc/" + process + "/mountinfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string id, parent;
    Mount mount;
    words >> id >> parent >> mount.device >> mount.root >> mount.point;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool is_at_or_below(const std::string& path, const std::string& above) {
  return above == "/" || path == above || path.starts_with(above + "/");
}

/// Tells whether a process sees the folder through a mount of its own.
class MountedElsewhere {
 public:
  explicit MountedElsewhere(const fs::path& root) : here_(mounts_of("self")), known_(here_.begin(), here_.end()) {
    const Mount* of_root = nullptr;
    for (const Mount& mount : here_)
      if (is_at_or_below(root, mount.point) && (!of_root || mount.point.size() >= of_root->point.size())) of_root = &mount;
    if (!of_root) return;
    device_ = of_root->device;
    std::string below = fs::path(root).lexically_relative(of_root->point).string();
    inside_ = below == "." ? of_root->root : (fs::path(of_root->root) / below).string();
    own_ = space_of("self");
  }
  bool operator()(const std::string& process) {
    std::string space = space_of(process);
    if (space.empty() || space == own_) return false;
    auto [answer, added] = asked_.try_emplace(space, false);
    if (!added) return answer->second;
    for (const Mount& mount : mounts_of(process))
      if (mount.device == device_ && !known_.contains(mount) &&
          (is_at_or_below(inside_, mount.root) || is_at_or_below(mount.root, inside_)))
        answer->second = true;
    return answer->second;
  }

 private:
  static std::string space_of(const std::string& process) {
    std::error_code error;
    return fs::read_symlink("/proc/" + process + "/ns/mnt", error).string();
  }

  std::vector<Mount> here_;
  std::set<Mount> known_;
  std::string device_, inside_, own_;
  std::map<std::string, bool> asked_;
};

bool is_open_for_writing(const fs::path& process, const std::string& descriptor) {
  std::ifstream file(process / "fdinfo" / descriptor);
  for (std::string key, value; file >> key >> value;)
    if (key == "flags:") return (std::strtoul(value.c_str(), nullptr, 8) & O_ACCMODE) != O_RDONLY;
  return true;  // unknown is never fine
}

enum class Answer { no, yes, unseen };

Answer holds_any(const fs::path& process, const std::set<Inode>& inodes) {
  auto is_one = [&](const fs::path& link) {
    struct stat found {};
    return ::stat(link.c_str(), &found) == 0 && inodes.contains({found.st_dev, found.st_ino});
  };
  std::error_code error;
  for (fs::directory_iterator entry(process / "fd", error), end; !error && entry != end; entry.increment(error))
    if (is_one(entry->path()) && is_open_for_writing(process, entry->path().filename())) return Answer::yes;
  if (error && error.value() != ENOENT && error.value() != ESRCH) return Answer::unseen;
  error.clear();
  for (fs::directory_iterator entry(process / "map_files", error), end; !error && entry != end; entry.increment(error))
    if (is_one(entry->path())) return Answer::yes;
  return Answer::no;
}

}  // namespace

TreeHolders holders_of_tree(const fs::path& root) {
  TreeHolders found;
  std::set<Inode> inodes = inodes_of(root);
  MountedElsewhere mounted(root);
  std::error_code error;
  for (fs::directory_iterator entry("/proc", error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename();
    pid_t pid = 0;
    auto [rest, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (wrong != std::errc() || *rest != '\0' || pid == ::getpid()) continue;
    Answer held = holds_any(entry->path(), inodes);
    if (held == Answer::unseen) ++found.unseen;
    if (held == Answer::yes || mounted(name)) found.holders.push_back({pid, command_of(pid)});
  }
  std::sort(found.holders.begin(), found.holders.end(), [](const Holder& a, const Holder& b) { return a.pid < b.pid; });
  return found;
}

}  // namespace playbook
