#include "runtime/engine/state_folder.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

// File systems on which SQLite's WAL and our lock do not hold.
bool is_local(const fs::path& folder) {
  struct statfs status {};
  if (::statfs(folder.c_str(), &status) != 0) return true;
  switch (static_cast<unsigned long>(status.f_type) & 0xFFFFFFFFul) {
    case NFS_SUPER_MAGIC:
    case SMB_SUPER_MAGIC:
    case CIFS_SUPER_MAGIC:
    case SMB2_SUPER_MAGIC:
    case V9FS_MAGIC:
    case FUSE_SUPER_MAGIC:
    case CEPH_SUPER_MAGIC:
    case AFS_SUPER_MAGIC:
      return false;
    default:
      return true;
  }
}

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return name;
}

Json read_holder(const fs::path& file) {
  Json holder = Json::parse(try_read_file(file).value_or(""), nullptr, false);
  return holder.is_object() ? holder : Json::object();
}

bool is_dead(const Json& holder) {
  return get_or<std::string>(holder, "host", "") == host_name() && holder.contains("pid") && ::kill(holder["pid"].get<int>(), 0) != 0 &&
         errno == ESRCH;
}

}  // namespace

StateFolder::StateFolder(const fs::path& instance, const fs::path& override_) {
  if (!override_.empty())
    path_ = fs::absolute(override_);
  else if (is_local(instance))
    path_ = instance / ".playbook";
  else
    path_ = fs::path("/var/lib/playbook") / sha256(instance.string()).substr(0, 16);
}

bool StateFolder::exists() const { return fs::exists(path_ / "journal.db"); }

void StateFolder::make() const {
  make_folder(path_, 0700);
  make_folder(path_ / "runs", 0700);
  for (const char* name : {".gitignore", ".dockerignore"})
    if (!fs::exists(path_ / name)) replace_file(path_ / name, "*\n", 0600);
}

std::optional<Json> StateFolder::holder() const {
  Descriptor file(::open((path_ / "lock").c_str(), O_RDWR | O_CLOEXEC));
  if (!file) return std::nullopt;
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return read_holder(path_ / "lock");
}

RunLock::RunLock(const StateFolder& folder, std::chrono::milliseconds patience) {
  fs::path path = folder.path() / "lock";
  file_.reset(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file_) throw system_error(errno, path.string());
  auto until = std::chrono::steady_clock::now() + patience;
  for (struct flock lock = whole_file(F_WRLCK); ::fcntl(file_.get(), F_OFD_SETLK, &lock) != 0; lock = whole_file(F_WRLCK)) {
    if (errno != EAGAIN && errno != EACCES) throw system_error(errno, path.string());
    Json holder = read_holder(path);
    if (!is_dead(holder) || std::chrono::steady_clock::now() > until)
      throw Error(Code::run_busy,
                  "another playbook process (pid " + holder.value("pid", Json("unknown")).dump() + ") works on this instance",
                  "wait for it, or follow it with `playbook attach`", holder);
    std::this_thread::sleep_for(
        std::chrono::milliseconds(10));  // the guardian is ending what the dead host had started; nothing to wait on
  }
  std::string text = Json{{"pid", ::getpid()}, {"host", host_name()}}.dump() + "\n";
  if (::ftruncate(file_.get(), 0) != 0 || ::pwrite(file_.get(), text.data(), text.size(), 0) < 0) {
    // Only who holds the lock is not written; a full disk must not keep a run from being rolled back.
  }
}

}  // namespace playbook
