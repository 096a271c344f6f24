// The journal in SQLite. Every durable write is one transaction in WAL mode with synchronous=FULL: when the call returns, the frame is
// fsynced. The ballast: on a full disk even opening a WAL database fails, so 8 MiB are allocated beforehand and given up when a failure
// must be recorded. Going forward never spends it: an intent that cannot be written means that nothing has happened yet.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"
#include "runtime/journal/journal.h"

namespace playbook {
namespace {

constexpr int kVersion = 1;  // PRAGMA user_version; a newer one is refused
constexpr off_t kBallastBytes = 8 << 20;

constexpr const char* kSchema = R"sql(
create table runs (
  id text primary key, playbook text not null, instance text not null, state text not null, params text not null, options text not null,
  verdict text not null, actor text not null, tool_version text not null, started text not null, changed text not null);
create table contents (hash text primary key, text blob not null) without rowid;
create table sources (run text not null references runs, name text not null, hash text not null references contents, primary key (run, name)) without rowid;
create table actions (
  id integer primary key, run text not null references runs, phase integer not null, path text not null, name text not null,
  version integer not null, args_digest text not null, args text not null, full_args text not null, prepared text not null,
  change integer not null, place text not null, outcome integer not null, sequence integer not null, result text not null,
  voided integer not null default 0, started text not null, finished text not null, duration_ms integer not null);
create index actions_by_run on actions (run, sequence);
create index actions_by_sequence on actions (sequence);
)sql";

constexpr const char* kActionColumns =
    "id, run, phase, path, name, version, args_digest, args, full_args, prepared, change, place, outcome, sequence, result, voided, "
    "started, "
    "finished, duration_ms";

class Database {
 public:
  explicit Database(std::filesystem::path file) : file_(std::move(file)) {}
  ~Database() { sqlite3_close_v2(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// False on failure; `raise` says why.
  bool open(int flags) {
    sqlite3_close_v2(std::exchange(handle_, nullptr));
    return sqlite3_open_v2(file_.c_str(), &handle_, flags | SQLITE_OPEN_NOMUTEX, nullptr) == SQLITE_OK;
  }
  void run(const char* sql) {
    if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) raise();
  }
  sqlite3* handle() const { return handle_; }

  [[noreturn]] void raise() const {
    std::string where = file_.string() + ": " + sqlite3_errmsg(handle_);
    switch (sqlite3_errcode(handle_)) {
      case SQLITE_FULL:
        throw Error(Code::disk_full, where, "free space on that file system");
      case SQLITE_IOERR: {  // a full disk shows itself so too, and without an errno where the -shm file cannot grow
        int system = sqlite3_system_errno(handle_);
        if (system == ENOSPC || system == EDQUOT || sqlite3_extended_errcode(handle_) == SQLITE_IOERR_SHMSIZE)
          throw Error(Code::disk_full, where, "free space on that file system");
        throw Error(Code::file_failed, where, "look whether the disk is sound, such as with `dmesg`");
      }
      case SQLITE_CORRUPT:
      case SQLITE_NOTADB:
        throw Error(Code::journal_corrupt, where,
                    "keep a copy of the folder; restore the journal from a backup, or move it away to begin anew");
      case SQLITE_READONLY:
      case SQLITE_CANTOPEN:
      case SQLITE_PERM:
        throw Error(Code::journal_readonly, where, "run as the user that owns " + file_.parent_path().string());
      default:
        throw Error(Code::internal, where);
    }
  }

 private:
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

class Statement {
 public:
  Statement(const Database& database, const char* sql) : database_(database) {
    if (sqlite3_prepare_v3(database.handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &handle_, nullptr) != SQLITE_OK) database.raise();
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <typename... Values>
  Statement& bind(const Values&... values) {
    sqlite3_reset(handle_);
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }
  /// True while there is a row. A failure resets the statement and throws.
  bool step() {
    int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    sqlite3_reset(handle_);
    if (code != SQLITE_DONE) database_.raise();
    return false;
  }
  std::string text(int column) const {
    auto* bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
    return bytes ? std::string(bytes, static_cast<size_t>(sqlite3_column_bytes(handle_, column))) : std::string();
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  Json json(int column) const {
    std::string value = text(column);
    return value.empty() ? Json() : Json::parse(value);
  }

 private:
  void bind_one(int index, const std::string& value) {
    sqlite3_bind_text(handle_, index, value.data(), int(value.size()), SQLITE_TRANSIENT);
  }
  void bind_one(int index, std::string_view value) { bind_one(index, std::string(value)); }
  void bind_one(int index, const Json& value) { bind_one(index, value.is_null() ? std::string() : canonical(value)); }
  void bind_one(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }
  void bind_one(int index, int value) { sqlite3_bind_int64(handle_, index, value); }
  void bind_one(int index, bool value) { sqlite3_bind_int64(handle_, index, value); }

  const Database& database_;
  sqlite3_stmt* handle_ = nullptr;
};

RunRow read_run(const Statement& s) {
  return {s.text(0), s.text(1), s.text(2), run_state_from(s.text(3)), s.json(4), s.json(5), s.json(6), s.text(7),
          s.text(8), s.text(9), s.text(10)};
}

ActionRow read_action(const Statement& s) {
  ActionRow row;
  row.id = s.integer(0), row.run = s.text(1), row.phase = static_cast<Phase>(s.integer(2)), row.path = s.text(3), row.name = s.text(4);
  row.version = int(s.integer(5)), row.args_digest = s.text(6), row.args = s.json(7), row.full_args = s.json(8), row.prepared = s.json(9);
  row.change = s.integer(10) != 0, row.where = s.text(11), row.outcome = static_cast<Outcome>(s.integer(12)), row.sequence = s.integer(13);
  row.result = s.json(14), row.voided = s.integer(15) != 0, row.started = s.text(16), row.finished = s.text(17),
  row.duration_ms = s.integer(18);
  return row;
}

class SqliteJournal final : public Journal {
 public:
  SqliteJournal(const std::filesystem::path& folder, const JournalOptions& options)
      : in_memory_(folder == ":memory:"),
        options_(options),
        ballast_(folder / "ballast"),
        database_(in_memory_ ? folder : folder / "journal.db") {
    try {
      open();
    } catch (const Error& error) {
      if (error.code() != Code::disk_full || options.read_only || !give_up_ballast()) throw;
      open();
    }
    if (!in_memory_ && !options.read_only) make_ballast();
    prepare();
  }

  void create_run(const RunRow& r, const std::vector<std::pair<std::string, std::string>>& sources) override {
    write("run", true, [&] {
      Statement(database_, "insert into runs values (?,?,?,?,?,?,?,?,?,?,?)")
          .bind(r.id, r.playbook, r.instance, to_string(r.state), r.params, r.options, r.verdict, r.actor, r.tool_version, r.started,
                r.changed)
          .step();
      Statement content(database_, "insert or ignore into contents values (?,?)");
      Statement name(database_, "insert into sources values (?,?,?)");
      for (const auto& [key, text] : sources) {
        std::string hash = sha256(text);
        content.bind(hash, text).step();
        name.bind(r.id, key, hash).step();
      }
    });
  }

  void set_state(const std::string& run, RunState state, const Json& verdict) override {
    write("state", false, [&] {
      Statement(database_, "update runs set state=?, verdict=?, changed=? where id=?").bind(to_string(state), verdict, now(), run).step();
    });
  }

  void set_options(const std::string& run, const Json& options) override {
    write("options", false, [&] { Statement(database_, "update runs set options=? where id=?").bind(options, run).step(); });
  }

  std::optional<RunRow> run(const std::string& id) const override {
    Statement query(database_, "select * from runs where id=?");
    if (!query.bind(id).step()) return std::nullopt;
    return read_run(query);
  }

  std::vector<RunRow> runs() const override {
    Statement query(database_, "select * from runs order by rowid desc");  // as they were made; clocks jump
    std::vector<RunRow> rows;
    while (query.step()) rows.push_back(read_run(query));
    return rows;
  }

  std::optional<RunRow> unfinished_run() const override {
    Statement query(database_,
                    "select * from runs where state not in ('done', 'rolled_back', 'refused', 'settled') "
                    "order by rowid desc limit 1");
    if (!query.step()) return std::nullopt;
    return read_run(query);
  }

  std::optional<std::string> source(const std::string& run, const std::string& name) const override {
    Statement query(database_, "select text from sources join contents using (hash) where run=? and name=?");
    if (!query.bind(run, name).step()) return std::nullopt;
    return query.text(0);
  }

  std::vector<std::string> source_names(const std::string& run) const override {
    Statement query(database_, "select name from sources where run=? order by name");
    query.bind(run);
    std::vector<std::string> names;
    while (query.step()) names.push_back(query.text(0));
    return names;
  }

  std::int64_t begin(const ActionRow& row) override {
    bool forward = row.phase == Phase::forward;
    if (forward) expect_in_its_place();
    write("intent", forward, [&] { insert(row, Outcome::none, 0); });
    return sqlite3_last_insert_rowid(database_.handle());
  }

  std::int64_t finish(std::int64_t action, Outcome outcome, const Json& result, std::int64_t duration_ms) override {
    std::int64_t sequence = 0;
    write("outcome", false, [&] {
      sequence = next_sequence();
      finish_->bind(static_cast<int>(outcome), sequence, result, now(), duration_ms, action).step();
    });
    return sequence;
  }

  std::int64_t record(const ActionRow& row) override {
    std::int64_t sequence = 0;
    write("record", false, [&] {
      sequence = next_sequence();
      insert(row, row.outcome, sequence);
    });
    return sequence;
  }

  std::vector<ActionRow> actions(const std::string& run) const override {
    return select("where run=? and voided=0 order by sequence=0, sequence, id", run);
  }
  std::vector<ActionRow> all_actions(const std::string& run) const override { return select("where run=? order by id", run); }

  void void_from(const std::string& run, std::int64_t sequence) override {
    write("void", false, [&] {
      Statement(database_, "update actions set voided=1 where run=? and phase in (0, 3) and (sequence>=? or sequence=0)")
          .bind(run, sequence)
          .step();
    });
  }

  void void_action(std::int64_t action) override {
    write("void", false, [&] { Statement(database_, "update actions set voided=1 where id=?").bind(action).step(); });
  }

  bool is_disk_full() const override { return disk_full_; }

 private:
  std::string now() const {
    static const Clock kReal;
    return to_iso((options_.clock ? *options_.clock : kReal).utc());
  }

  void open() {
    int flags = options_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (!database_.open(flags)) database_.raise();
    database_.run("pragma busy_timeout=10000; pragma foreign_keys=on");
    int version = check_version();
    if (options_.read_only) return;
    if (!in_memory_ && ::access(sqlite3_db_filename(database_.handle(), "main"), W_OK) != 0)
      throw Error(Code::journal_readonly, std::string(sqlite3_db_filename(database_.handle(), "main")) + ": the journal cannot be written",
                  "run as the user that owns it");
    database_.run("pragma journal_mode=wal; pragma synchronous=full");
    if (version == 0) {
      database_.run("begin immediate");
      if (check_version() == 0) database_.run((std::string(kSchema) + "pragma user_version=" + std::to_string(kVersion)).c_str());
      database_.run("commit");
      if (!in_memory_) {
        ::chmod(sqlite3_db_filename(database_.handle(), "main"), 0600);
        sync_folder(ballast_.parent_path());
      }
    }
  }

  // Written to a file that nobody finds any more, a journal is none. The way back goes on with what it knows.
  void expect_in_its_place() const {
    int moved = 0;
    if (in_memory_ || sqlite3_file_control(database_.handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK || moved == 0) return;
    throw Error(
        Code::file_missing,
        std::string(sqlite3_db_filename(database_.handle(), "main")) + " was removed or replaced while this run wrote its journal there",
        "find out who did that; put its folder back where it was moved away");
  }

  int check_version() {
    Statement query(database_, "pragma user_version");
    query.step();
    int version = int(query.integer(0));
    if (version > kVersion)
      throw Error(Code::journal_newer,
                  "the journal was written by a newer playbook (format " + std::to_string(version) + ", this one knows " +
                      std::to_string(kVersion) + ")",
                  "use the newer playbook to finish or read its runs");
    if (version == 0 && options_.read_only)
      throw Error(Code::journal_corrupt, std::string(sqlite3_db_filename(database_.handle(), "main")) + " is empty",
                  "it was lost or cut short: restore it from a backup of the folder, or move the folder away to begin anew");
    if (version > 0 && !options_.read_only) {
      Statement check(database_, "pragma quick_check(1)");
      check.step();
      if (check.text(0) != "ok")
        throw Error(Code::journal_corrupt, std::string(sqlite3_db_filename(database_.handle(), "main")) + ": " + check.text(0),
                    "keep a copy of the folder; restore the journal from a backup, or move it away to begin anew");
    }
    return version;
  }

  void make_ballast() {
    struct stat status {};
    if (::stat(ballast_.c_str(), &status) == 0 && status.st_blocks * 512 >= kBallastBytes) return;
    Descriptor file(::open(ballast_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    int error = file ? posix_fallocate(file.get(), 0, kBallastBytes) : errno;
    if (error == 0 || error == EOPNOTSUPP) return;
    ::unlink(ballast_.c_str());
    disk_full_ = true;
    if (options_.needs_ballast) throw system_error(error, ballast_.string() + " (8 MiB kept for recording a failure)");
  }

  bool give_up_ballast() {
    disk_full_ = true;
    return !in_memory_ && ::unlink(ballast_.c_str()) == 0;
  }

  void prepare() {
    if (options_.read_only) return;
    insert_ = std::make_unique<Statement>(database_,
                                          "insert into actions (run, phase, path, name, version, args_digest, args, full_args, prepared, "
                                          "change, place, outcome, sequence, result,"
                                          " started, finished, duration_ms) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    finish_ =
        std::make_unique<Statement>(database_, "update actions set outcome=?, sequence=?, result=?, finished=?, duration_ms=? where id=?");
    sequence_ = std::make_unique<Statement>(database_, "select coalesce(max(sequence), 0) + 1 from actions");
  }

  void insert(const ActionRow& r, Outcome outcome, std::int64_t sequence) {
    std::string time = now();
    insert_
        ->bind(r.run, static_cast<int>(r.phase), r.path, r.name, r.version, r.args_digest, r.args, r.full_args, r.prepared, r.change,
               r.where, static_cast<int>(outcome), sequence, r.result, r.started.empty() ? time : r.started,
               outcome == Outcome::none ? "" : time, r.duration_ms)
        .step();
  }

  std::int64_t next_sequence() {
    sequence_->bind();
    sequence_->step();
    std::int64_t next = sequence_->integer(0);
    sequence_->bind();
    return next;
  }

  std::vector<ActionRow> select(const char* where, const std::string& run) const {
    Statement query(database_, (std::string("select ") + kActionColumns + " from actions " + where).c_str());
    query.bind(run);
    std::vector<ActionRow> rows;
    while (query.step()) rows.push_back(read_action(query));
    return rows;
  }

  /// One durable transaction. Forward writes fail on a full disk; the others give up the ballast and are written.
  template <typename Work>
  void write(const std::string& what, bool forward, Work work) {
    if (forward && disk_full_) throw Error(Code::disk_full, "the file system of the journal is full", "free space there");
    reach(options_.faults, "journal." + what + ".before");
    try {
      transaction(work);
    } catch (const Error& error) {
      if (error.code() != Code::disk_full || forward || !give_up_ballast()) throw;
      transaction(work);
    }
    reach(options_.faults, "journal." + what + ".after");
  }

  template <typename Work>
  void transaction(Work work) {
    database_.run("begin immediate");
    try {
      work();
      database_.run("commit");
    } catch (const Error&) {
      sqlite3_exec(database_.handle(), "rollback", nullptr, nullptr, nullptr);
      throw;
    }
  }

  bool in_memory_;
  JournalOptions options_;
  std::filesystem::path ballast_;
  Database database_;
  std::unique_ptr<Statement> insert_, finish_, sequence_;
  bool disk_full_ = false;
};

}  // namespace

std::unique_ptr<Journal> open_journal(const std::filesystem::path& folder, const JournalOptions& options) {
  return std::make_unique<SqliteJournal>(folder, options);
}

}  // namespace playbook
