#include "runtime/backup/partial.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/base/error.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSuffix = ".partial";

// A file system that cannot lock folders (NFS) holds sets all the same; only leftovers have to be removed by hand there.
void lock(const Descriptor& folder, int how, const fs::path& path) {
  bool taken = folder && ::flock(folder.get(), how) == 0;
  bool cannot = folder && (errno == EBADF || errno == ENOLCK || errno == EOPNOTSUPP);
  if (!taken && !cannot) throw system_error(errno, "cannot lock " + path.string());
}

}  // namespace

PartialFolder::PartialFolder(const fs::path& folder, const std::string& name, Work& work)
    : final_(folder / name), path_(folder / (name + kSuffix)), work_(work) {
  make_folder(folder);
  Descriptor above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  lock(above, LOCK_EX, folder);  // makers, one at a time
  remove_leftovers(folder);
  if (fs::exists(final_))
    throw Error(Code::backup_failed, "backup set " + final_.string() + " exists already", "back up under another name");
  if (::mkdir(path_.c_str(), 0700) != 0) throw system_error(errno, "cannot make the folder " + path_.string());
  held_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  lock(held_, LOCK_EX | LOCK_NB, path_);
}

PartialFolder::~PartialFolder() {
  std::error_code ignored;
  if (!renamed_) fs::remove_all(path_, ignored);
}

void PartialFolder::commit() {
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_))
    if (entry.is_directory()) sync_folder(entry.path());
  sync_folder(path_);
  work_.reach("backup.synced");
  if (work_.cancel()) work_.cancel()->check();
  // RENAME_NOREPLACE: a set is never written over, whatever another maker did meanwhile.
  bool renamed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, final_.c_str(), RENAME_NOREPLACE) == 0;
  if (!renamed && errno == EINVAL)
    renamed = ::rename(path_.c_str(), final_.c_str()) == 0;  // without that flag: fails on a set just the same
  if (!renamed) throw system_error(errno, "cannot name the backup set " + final_.string());
  renamed_ = true;
  work_.reach("backup.renamed");
  sync_folder(final_.parent_path());
}

std::vector<std::string> remove_leftovers(const fs::path& folder) {
  std::vector<std::string> removed;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() != kSuffix || !entry->is_directory() || entry->is_symlink()) continue;
    Descriptor held(::open(entry->path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!held || ::flock(held.get(), LOCK_EX | LOCK_NB) != 0) continue;  // its maker lives, or cannot be asked
    std::error_code failed;
    fs::remove_all(entry->path(), failed);
    if (!failed) removed.push_back(entry->path().filename());
  }
  return removed;
}

void remove_set(const fs::path& set) {
  fs::path doomed = set.string() + kSuffix;
  if (::rename(set.c_str(), doomed.c_str()) != 0) throw system_error(errno, "cannot remove " + set.string());
  sync_folder(set.parent_path());
  std::error_code error;
  fs::remove_all(doomed, error);
  if (error) throw system_error(error.value(), "cannot remove all of " + doomed.string());
}

}  // namespace playbook
