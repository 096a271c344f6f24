// A SQLite database is up to three files: the main file, and `-wal` or `-journal` beside it, which hold what is not yet in it or what must
// be taken back out. They are found by name: a new main file under the old name would be "repaired" with the old one's WAL, and ruined. So
// the order is:
//
//   1. settle   Open the old one: SQLite itself takes back a hot journal, and brings the WAL into the main file and empties it.
//   2. lock     Take SQLite's own exclusive lock on the main file (its lock bytes, as os.h of SQLite gives them) and keep it to the end.
//   Who begins to
//               read the old file now waits or fails. Look for processes that have it open and idle.
//   3. keep     Give the main file its second name. It is whole since 1, so the kept one is whole.
//   4. clear    Remove what is left of -wal, -shm, -journal. After 1 they hold nothing.
//   5. swap     Rename the new file over the old name.
//
// Each step is synced before the next. A crash before 5 leaves the old database, whole; after 5 the new one. A second run finds the kept
// name to be the same file and goes on.
//
// A database that is too damaged to be opened cannot be settled. Its side files then get kept names too (3), so that 4 removes nothing that
// is not kept.
#include "runtime/backup/sqlite_swap.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/backup/kept.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/database/holders.h"
#include "runtime/database/sqlite.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

constexpr off_t kPendingByte = 0x40000000,
                kLockBytes = 512;  // SQLite: PENDING_BYTE, RESERVED_BYTE, SHARED_FIRST and SHARED_SIZE are together
constexpr const char* kSideFiles[] = {"-wal", "-shm", "-journal"};

fs::path beside(const fs::path& database, const char* suffix) { return database.string() + suffix; }

bool has_content(const fs::path& file) {
  std::error_code error;
  auto size = fs::file_size(file, error);
  return !error && size > 0;
}

[[noreturn]] void refuse_locked(const fs::path& database, const std::vector<Holder>& holders) {
  throw Error(
      Code::sqlite_locked,
      "database " + database.string() + " is in use" + (holders.empty() ? "" : " by " + describe(holders)) + ", it cannot be replaced now",
      "stop the application and whatever else has it open, then try again");
}

class ExclusiveLock {
 public:
  // An open file description lock: it conflicts with SQLite's POSIX locks, also with those of this very process, and no other close() lets
  // go of it.
  explicit ExclusiveLock(const fs::path& database) : file_(::open(database.c_str(), O_RDWR | O_CLOEXEC)) {
    if (!file_) throw system_error(errno, "cannot open database " + database.string());
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = kPendingByte;
    range.l_len = kLockBytes;
    bool taken = ::fcntl(file_.get(), F_OFD_SETLK, &range) == 0;
    if (!taken && errno != EAGAIN && errno != EACCES) throw system_error(errno, "cannot lock database " + database.string());
    std::vector<Holder> holders = holders_of(database, true, file_.get());
    if (!taken || !holders.empty()) refuse_locked(database, holders);
  }

 private:
  Descriptor file_;
};

// True when the main file holds all there is; false when it is too damaged to be opened.
bool settle(const fs::path& database) {
  try {
    Sqlite old(database, Sqlite::Mode::write, {std::chrono::milliseconds(5000), nullptr, true});  // a WAL that it cannot read must stay
    Json result = old.query("pragma wal_checkpoint(truncate)");
    old.scalar("select count(*) from sqlite_schema");  // a hot journal is rolled back by the first read
    if (result.at(0).at("busy") != 0) refuse_locked(database, holders_of(database));
  } catch (const Error& error) {
    if (error.code() != Code::sqlite_failed) throw;
    return false;
  }
  return true;
}

void keep_side_files(const fs::path& database, const fs::path& kept) {
  for (const char* suffix : {"-wal", "-journal"}) {
    fs::path from = beside(database, suffix), to = beside(kept, suffix);
    if (has_content(from) && !is_same_file(from, to)) link_or_copy(from, to);
  }
  sync_folder(database.parent_path());
}

void clear_side_files(const fs::path& database) {
  for (const char* suffix : kSideFiles) remove_file(beside(database, suffix));
}

}  // namespace

void expect_unused(const fs::path& database) {
  std::error_code error;
  if (!fs::exists(database, error)) return;
  ExclusiveLock lock(database);
}

std::optional<fs::path> swap_database(const fs::path& replacement, const fs::path& target, const std::string& set, Work& work) {
  std::optional<ExclusiveLock> lock;
  std::optional<fs::path> kept;
  if (fs::exists(target)) {
    bool whole = settle(target);  // does no harm to one who has it open; the lock then refuses
    lock.emplace(target);
    if (whole && (has_content(beside(target, "-wal")))) refuse_locked(target, {});  // somebody came and went in between
    sync_file(target);
    work.reach("restore.settled");
    kept = keep(target, set);
    if (!whole) keep_side_files(target, *kept);
  } else {
    for (const char* suffix : {"-wal", "-journal"})  // left by a main file that somebody removed
      if (has_content(beside(target, suffix))) keep(beside(target, suffix), set);
  }
  work.reach("restore.kept");
  clear_side_files(target);
  work.reach("restore.cleared");
  if (::rename(replacement.c_str(), target.c_str()) != 0)
    throw system_error(errno, "cannot put " + replacement.string() + " in the place of " + target.string());
  work.reach("restore.swapped");
  sync_folder(target.parent_path());
  return kept;
}

}  // namespace playbook
