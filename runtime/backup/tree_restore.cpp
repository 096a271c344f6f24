#include "runtime/backup/tree_restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "runtime/backup/kept.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/database/holders.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

bool is_there(const fs::path& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0;
}

bool is_mount_point(const fs::path& path) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, device, root, point;
    words >> id >> parent >> device >> root >> point;
    if (point == path) return true;
  }
  return false;
}

void remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) throw system_error(error.value(), "cannot remove " + path.string());
}

class TreeRestore {
 public:
  TreeRestore(const Stored& stored, const Tree& tree, Work& work)
      : stored_(stored),
        tree_(tree),
        work_(work),
        target_(tree.root),
        set_(stored.manifest.name),
        building_(beside("restoring")),
        ready_(beside("restored")) {}

  Json run() {
    remove_tree(building_);  // what a restore left that was killed
    bool restored = is_stored_tree(target_);
    if (is_there(ready_) && !restored) {
      if (is_stored_tree(ready_))
        exchange(), restored = true;  // it was killed right before that
      else
        put_away();  // what was replaced then; somebody wrote to its successor since
    }
    if (!restored) {
      extract_tree(stored_, building_, work_);
      work_.reach("restore.decoded");
      rename(building_, ready_);
      work_.reach("restore.ready");
      exchange();
    }
    if (is_there(ready_)) put_away();
    Json kept = Json::array();
    std::string first = target_.string() + ".replaced-" + set_;
    for (int i = 1; is_there(i == 1 ? first : first + "-" + std::to_string(i)); ++i)
      kept.push_back(i == 1 ? first : first + "-" + std::to_string(i));
    return {{"kept", kept}};
  }

 private:
  fs::path beside(const std::string& state) const {
    return target_.parent_path() / ("." + target_.filename().string() + "." + state + "-" + set_);
  }
  void rename(const fs::path& from, const fs::path& to, unsigned flags = RENAME_NOREPLACE) {
    if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) != 0)
      throw system_error(errno, "cannot put " + from.string() + " in the place of " + to.string());
    sync_folder(to.parent_path());
    if (from.parent_path() != to.parent_path() && fs::exists(from.parent_path())) sync_folder(from.parent_path());
  }
  // Times are not compared: they change when somebody only looks for a lock file.
  bool is_stored_tree(const fs::path& root) {
    if (!fs::is_directory(root)) return false;
    Tree there = tree_;
    there.root = root;
    Likeness likeness = ::geteuid() == 0 ? Likeness::no_times : Likeness::no_owners_or_times;
    return differences(stored_listing(stored_, work_), present_listing(there, work_), likeness).empty();
  }
  void exchange() {
    bool replaces = is_there(target_);
    rename(ready_, target_, replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE);
    work_.reach("restore.swapped");
  }
  // `ready_` is what was replaced.
  void put_away() {
    for (const std::string& path : tree_.excluded)
      if (is_there(ready_ / path) && !is_there(target_ / path)) {
        make_folder((target_ / path).parent_path(), 0755);
        rename(ready_ / path, target_ / path);
        work_.reach("restore.carried");
      }
    rename(ready_, kept_name(target_, set_));
    work_.reach("restore.kept");
  }

  const Stored& stored_;
  const Tree& tree_;
  Work& work_;
  const fs::path target_;
  const std::string set_;
  const fs::path building_, ready_;
};

}  // namespace

void check_tree_restore(const Stored& stored, const Tree& tree, Work&) {
  std::string what = "cannot restore " + tree.label + ": ";
  fs::path above = tree.root.parent_path();
  if (!fs::is_directory(above))
    throw Error(Code::file_missing, what + "the folder above it does not exist", "make the folder, or mount what it is on");
  if (is_there(tree.root) && !fs::is_directory(tree.root))
    throw Error(Code::file_failed, what + "something that is no folder has that name", "move it away");
  if (::access(above.c_str(), W_OK) != 0)
    throw Error(Code::file_denied, what + "this user may not write to " + above.string(), "run it as root");
  std::vector<fs::path> places{tree.root};
  for (const std::string& path : tree.excluded) places.push_back(tree.root / path);
  for (const fs::path& place : places)
    if (is_mount_point(place))
      throw Error(Code::unsupported, what + place.string() + " is a mount point, which cannot be exchanged",
                  "unmount it, or bring back its content by hand as RESTORE.md says");
  std::string me = std::to_string(::geteuid()) + ":" + std::to_string(::getegid());
  for (const Json& owner : stored.source.state.at("owners"))
    if (::geteuid() != 0 && owner != me)
      throw Error(Code::file_denied, what + "it has files of " + owner.get<std::string>() + ", and this user is " + me, "run it as root");
  if (TreeHolders held = holders_of_tree(tree.root); !held.holders.empty())
    throw Error(Code::backup_failed, what + "it is in use by " + describe(held.holders), "stop the application, then try again");
}

Json restore_tree(const Stored& stored, const Tree& tree, Work& work) { return TreeRestore(stored, tree, work).run(); }

}  // namespace playbook
