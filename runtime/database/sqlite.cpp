#include "runtime/database/sqlite.h"

#include <sqlite3.h>

#include <cerrno>
#include <cmath>

#include "runtime/base/hash.h"
#include "runtime/base/text.h"
#include "runtime/database/holders.h"

namespace playbook {
namespace {

constexpr std::int64_t kExactInteger = std::int64_t{1} << 53;  // beyond it a number in Lua or JSON loses digits
constexpr int kPagesPerStep = 512;

int open_flags(Sqlite::Mode mode) {
  constexpr int kAlways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (mode) {
    case Sqlite::Mode::read:
      return kAlways | SQLITE_OPEN_READONLY;
    case Sqlite::Mode::write:
      return kAlways | SQLITE_OPEN_READWRITE;
    case Sqlite::Mode::snapshot:
      return kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case Sqlite::Mode::create:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return kAlways | SQLITE_OPEN_READONLY;
}

std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (char c : path) {
    bool special = c == '%' || c == '?' || c == '#';
    uri += special ? "%" : std::string(1, c);
    if (special) uri += "0123456789ABCDEF"[c >> 4], uri += "0123456789ABCDEF"[c & 15];
  }
  return uri + "?immutable=1";
}

Json real_value(double value) {
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

std::string first_line(std::string_view sql) {
  std::string text(trim(sql));
  size_t end = text.find('\n');
  if (end != std::string::npos) text.resize(end);
  if (text.size() > 80) text.resize(80);
  return to_utf8(text);
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

SqliteStatement::SqliteStatement(Sqlite& database, std::string_view sql) : database_(database) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  int code = sqlite3_prepare_v2(database.raw(), sql.data(), static_cast<int>(sql.size()), &statement, &tail);
  statement_.reset(statement);
  if (code != SQLITE_OK) database.fail(code, "run \"" + first_line(sql) + "\" in");
  if (!statement) throw Error(Code::argument_invalid, "there is no SQL statement in \"" + first_line(sql) + "\"");
  std::string_view rest = trim(sql.substr(static_cast<size_t>(tail - sql.data())));
  if (!rest.empty())
    throw Error(Code::argument_invalid, "one SQL statement expected, found another after it: \"" + first_line(rest) + "\"");
}

void SqliteStatement::bind(const Json& args) {
  if (!args.is_array()) throw Error(Code::argument_invalid, "arguments of SQL must be a list");
  int expected = sqlite3_bind_parameter_count(raw());
  if (args.size() != static_cast<size_t>(expected))
    throw Error(Code::argument_invalid,
                "the SQL has " + std::to_string(expected) + " parameters, " + std::to_string(args.size()) + " arguments were given");
  int at = 0, code = SQLITE_OK;
  for (const Json& arg : args) {
    ++at;
    if (arg.is_null())
      code = sqlite3_bind_null(raw(), at);
    else if (arg.is_boolean())
      code = sqlite3_bind_int(raw(), at, arg.get<bool>());
    else if (arg.is_number_integer())
      code = sqlite3_bind_int64(raw(), at, arg.get<std::int64_t>());
    else if (arg.is_number())
      code = sqlite3_bind_double(raw(), at, arg.get<double>());
    else if (arg.is_string())
      code = sqlite3_bind_text64(raw(), at, arg.get_ref<const std::string&>().data(), arg.get_ref<const std::string&>().size(),
                                 SQLITE_TRANSIENT, SQLITE_UTF8);
    else
      throw Error(
          Code::argument_invalid,
          "argument " + std::to_string(at) + " of the SQL must be a string, number, bool or null, it is a " + std::string(arg.type_name()));
    if (code != SQLITE_OK) database_.fail(code, "bind argument " + std::to_string(at) + " in");
  }
}

bool SqliteStatement::step() {
  int code = sqlite3_step(raw());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  database_.fail(code, reads_only() ? "read" : "change");
}

int SqliteStatement::columns() const { return sqlite3_column_count(raw()); }

std::string SqliteStatement::column_name(int column) const { return sqlite3_column_name(raw(), column); }

bool SqliteStatement::reads_only() const { return sqlite3_stmt_readonly(raw()) != 0; }

Json SqliteStatement::value(int column) const {
  auto bytes = [&](const void* data) {
    return std::string_view(static_cast<const char*>(data), static_cast<size_t>(sqlite3_column_bytes(raw(), column)));
  };
  switch (sqlite3_column_type(raw(), column)) {
    case SQLITE_INTEGER: {
      std::int64_t number = sqlite3_column_int64(raw(), column);
      if (number > kExactInteger || number < -kExactInteger) return std::to_string(number);
      return number;
    }
    case SQLITE_FLOAT:
      return real_value(sqlite3_column_double(raw(), column));
    case SQLITE_TEXT:
      return to_utf8(bytes(sqlite3_column_text(raw(), column)));
    case SQLITE_BLOB: {
      std::string_view blob = bytes(sqlite3_column_blob(raw(), column));
      return {{"blob", sha256(blob)}, {"size", blob.size()}};
    }
    default:
      return nullptr;
  }
}

void Sqlite::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Sqlite::Sqlite(std::filesystem::path path, Mode mode) : Sqlite(std::move(path), mode, Options{}) {}

Sqlite::Sqlite(std::filesystem::path path, Mode mode, Options options) : path_(std::move(path)), options_(options) {
  std::error_code ignored;
  if (mode != Mode::create && !std::filesystem::exists(path_, ignored))
    throw Error(Code::file_missing, "database " + path_.string() + " does not exist");
  open(mode, open_flags(mode));
  if (mode != Mode::read) return;
  // A hot journal or an unfinished WAL cannot be recovered through a read-only connection. Other errors show when the database is used.
  int code = sqlite3_exec(raw(), "select 1 from sqlite_schema limit 1", nullptr, nullptr, nullptr);
  if ((code & 0xff) == SQLITE_BUSY) fail(code, "read");  // waited long enough
  if ((code & 0xff) != SQLITE_READONLY) return;
  options_.leave_wal = true;
  open(mode, open_flags(Mode::write));
  script("pragma query_only=on");
}

void Sqlite::open(Mode mode, int flags) {
  std::string name = mode == Mode::snapshot ? immutable_uri(path_.string()) : path_.string();
  sqlite3* handle = nullptr;
  int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK) fail(code, "open");
  sqlite3_busy_timeout(handle, static_cast<int>(options_.busy.count()));
  if (options_.leave_wal) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (options_.cancel) {
    auto stop = [](void* token) { return static_cast<const CancelToken*>(token)->requested() ? 1 : 0; };
    sqlite3_progress_handler(handle, 20'000, stop, const_cast<CancelToken*>(options_.cancel));
  }
}

Json Sqlite::query(std::string_view sql, const Json& args, size_t limit) {
  SqliteStatement statement(*this, sql);
  statement.bind(args);
  Json rows = Json::array();
  while (statement.step()) {
    if (rows.size() == limit)
      throw Error(Code::sqlite_failed, "\"" + first_line(sql) + "\" gives more than " + std::to_string(limit) + " rows",
                  "ask for less, such as with `limit`, `count(*)` or a condition");
    Json row = Json::object();
    for (int i = 0; i < statement.columns(); ++i) row[to_utf8(statement.column_name(i))] = statement.value(i);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json Sqlite::scalar(std::string_view sql, const Json& args) {
  SqliteStatement statement(*this, sql);
  statement.bind(args);
  return statement.step() ? statement.value(0) : Json(nullptr);
}

std::int64_t Sqlite::execute(std::string_view sql, const Json& args) {
  SqliteStatement statement(*this, sql);
  statement.bind(args);
  while (statement.step()) {
  }
  return sqlite3_changes64(raw());
}

void Sqlite::script(const std::string& sql) {
  int code = sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "run \"" + first_line(sql) + "\" in");
}

std::vector<std::string> Sqlite::integrity_problems(int limit) {
  std::vector<std::string> problems;
  try {
    SqliteStatement statement(*this, "pragma integrity_check(" + std::to_string(limit) + ")");
    while (statement.step()) problems.push_back(statement.value(0).get<std::string>());
  } catch (const Error& error) {  // damage that does not even let the check run
    if (error.code() != Code::sqlite_failed) throw;
    problems.push_back(error.message());
  }
  if (problems.size() == 1 && problems[0] == "ok") problems.clear();
  return problems;
}

std::vector<std::string> Sqlite::foreign_key_problems() {
  std::vector<std::string> problems;
  SqliteStatement statement(*this, "select \"table\", parent, count(*) from pragma_foreign_key_check() group by 1, 2 order by 1, 2");
  while (statement.step()) {
    std::string count = statement.value(2).dump();
    problems.push_back(statement.value(0).get<std::string>() + ": " + count + (count == "1" ? " row" : " rows") +
                       " without their parent in " + statement.value(1).get<std::string>());
  }
  return problems;
}

void Sqlite::copy_to(const std::filesystem::path& to, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  SqliteSnapshot held(*this);
  auto page_size = scalar("pragma page_size").get<std::uint64_t>();
  Sqlite target(to, Mode::create);
  target.script("pragma journal_mode=off; pragma synchronous=off");  // a copy that fails is thrown away; the caller syncs a good one
  std::unique_ptr<sqlite3_backup, decltype(&sqlite3_backup_finish)> copy(sqlite3_backup_init(target.raw(), "main", raw(), "main"),
                                                                         &sqlite3_backup_finish);
  if (!copy) target.fail(sqlite3_extended_errcode(target.raw()), "begin a copy in");
  for (int code = SQLITE_OK; code != SQLITE_DONE;) {
    code = sqlite3_backup_step(copy.get(), kPagesPerStep);
    if (code != SQLITE_OK && code != SQLITE_DONE) {
      bool is_target = (code & 0xff) == SQLITE_FULL || sqlite3_system_errno(target.raw()) != 0;
      (is_target ? target : *this).fail(code, "copy");
    }
    auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(copy.get()));
    auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(copy.get()));
    if (progress) progress((total - left) * page_size, total * page_size);
    if (options_.cancel) options_.cancel->check();
  }
}

void Sqlite::fail(int code, std::string_view doing) const {
  int system = handle_ ? sqlite3_system_errno(raw()) : 0;
  std::string what = "cannot " + std::string(doing) + " database " + path_.string() + ": ";
  std::string why = handle_ && (sqlite3_errcode(raw()) & 0xff) == (code & 0xff) ? sqlite3_errmsg(raw()) : sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
      std::string holders = describe(holders_of(path_));
      throw Error(Code::sqlite_locked, what + "it is locked" + (holders.empty() ? "" : "; open in " + holders),
                  holders.empty() ? "find who has it open, such as with `fuser -v " + path_.string() + "`, stop it, then try again"
                                  : "stop it, or wait until its transaction ends, then try again");
    }
    case SQLITE_FULL:
      throw Error(Code::disk_full, what + "no space left", "free space there");
    case SQLITE_INTERRUPT:
      throw Error(Code::cancelled, "stopped while working in database " + path_.string());
    case SQLITE_NOTADB:
      throw Error(Code::sqlite_failed, what + "it is not a SQLite database", "check the path; an encrypted database cannot be read either");
    case SQLITE_CORRUPT:
      throw Error(Code::sqlite_failed, what + "it is damaged (" + to_utf8(why) + ")", "restore it from a backup set");
    case SQLITE_READONLY:
      throw Error(Code::file_denied, what + to_utf8(why));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      if (system == ENOSPC || system == EDQUOT) throw system_error(system, what + to_utf8(why));
      if (system == EACCES || system == EPERM || system == EROFS) throw system_error(system, what + to_utf8(why));
      [[fallthrough]];
    default:
      throw Error(Code::sqlite_failed, what + to_utf8(why));
  }
}

SqliteSnapshot::SqliteSnapshot(Sqlite& database) : database_(database) {
  database_.script("begin");
  try {
    database_.scalar("select count(*) from sqlite_schema");
  } catch (const Error&) {
    sqlite3_exec(database_.raw(), "rollback", nullptr, nullptr, nullptr);
    throw;
  }
}

SqliteSnapshot::~SqliteSnapshot() { sqlite3_exec(database_.raw(), "rollback", nullptr, nullptr, nullptr); }

std::string sqlite_name(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

}  // namespace playbook
