// An application's SQLite database, opened for one piece of work: rows as plain values, bound parameters, checks, and a copy that is safe
// while others write. Errors name the file: sqlite.locked says who holds it, a full disk is disk.full, the rest sqlite.failed. One thread
// at a time. The journal does not use this: it is the runtime's own file and has its own rules.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/cancel.h"
#include "runtime/base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace playbook {

class Sqlite;

/// One prepared statement. Must not outlive its database.
class SqliteStatement {
 public:
  SqliteStatement(Sqlite& database, std::string_view sql);

  /// Binds a list by position. Null, bool, number and string as they are; anything else throws `argument.invalid`.
  void bind(const Json& args);
  /// True while there is a row.
  bool step();
  int columns() const;
  std::string column_name(int column) const;
  /// The value of the present row: integers beyond 2^53 and infinities as strings, a blob as `{"blob": sha256, "size": bytes}` (what it
  /// holds is the application's business and may be large; `hex(column)` asks for it), text that is not UTF-8 with U+FFFD in place of the
  /// wrong bytes.
  Json value(int column) const;
  /// True for a statement that changes no database.
  bool reads_only() const;
  sqlite3_stmt* raw() const { return statement_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Sqlite& database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Sqlite {
 public:
  enum class Mode {
    read,      ///< others may write meanwhile; what a writer left half done when it died is taken back first, as by any reader
    write,     ///< the file must exist
    snapshot,  ///< a copy that nobody else touches: no locks, no -wal or -shm made beside it
    create,    ///< made when it is not there
  };
  struct Options {
    std::chrono::milliseconds busy{5000};  ///< how long to wait for a lock
    const CancelToken* cancel = nullptr;   ///< ends long statements with `cancelled`
    bool leave_wal = false;                ///< the last one to close neither folds the WAL into the database nor removes it
  };

  /// Throws file.missing, sqlite.failed.
  Sqlite(std::filesystem::path path, Mode mode, Options options);
  Sqlite(std::filesystem::path path, Mode mode);

  const std::filesystem::path& path() const { return path_; }
  sqlite3* raw() const { return handle_.get(); }

  /// Rows as a list of maps by column name. Throws `sqlite.failed` when there are more than `limit` of them.
  Json query(std::string_view sql, const Json& args = Json::array(), size_t limit = 100'000);
  /// The first column of the first row, null when there is none.
  Json scalar(std::string_view sql, const Json& args = Json::array());
  /// Runs one statement and gives the number of rows that it changed.
  std::int64_t execute(std::string_view sql, const Json& args = Json::array());
  /// Runs several statements.
  void script(const std::string& sql);

  /// Damage found by `pragma integrity_check`, at most `limit` lines; empty when sound.
  std::vector<std::string> integrity_problems(int limit = 20);
  /// Broken references by `pragma foreign_key_check`, as `table: n rows without their parent in other`.
  std::vector<std::string> foreign_key_problems();

  /// Copies one consistent state into the new file `to` through the online backup API; a WAL is included, readers go on, and so do writers
  /// in WAL mode (in the other modes they wait until the copy is made: a copy of a busy database would never end otherwise). The copy is
  /// not synced. `progress` gets pages as bytes, done and total, and may throw to stop.
  void copy_to(const std::filesystem::path& to, const std::function<void(std::uint64_t, std::uint64_t)>& progress = nullptr);

  /// Throws the error that `code` (of sqlite3) stands for; `doing` such as `read` or `run "..." in`.
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  void open(Mode mode, int flags);

  std::filesystem::path path_;
  Options options_;
  std::unique_ptr<sqlite3, Close> handle_;
};

/// Runs `begin` and takes the snapshot at once; ends it in the destructor. What is read in between is one state.
class SqliteSnapshot {
 public:
  explicit SqliteSnapshot(Sqlite& database);
  ~SqliteSnapshot();
  SqliteSnapshot(const SqliteSnapshot&) = delete;
  SqliteSnapshot& operator=(const SqliteSnapshot&) = delete;

 private:
  Sqlite& database_;
};

/// `"a""b"` for a"b: a name in SQL.
std::string sqlite_name(std::string_view name);

}  // namespace playbook
