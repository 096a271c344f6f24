// sqlite.swap: changes rows of a table of names and values where they are exactly as expected, all of them or none.
//
// One transaction, and each row is compared byte for byte before it is written: what another hand changed meanwhile is never overwritten.
// After a crash the rows themselves say whether it was done.
#include <sqlite3.h>

#include "runtime/base/error.h"
#include "runtime/database/sqlite.h"
#include "runtime/engine/context.h"
#include "runtime/primitives/row_swap.h"

namespace playbook {
namespace {

/// Taken back unless it is committed.
class Transaction {
 public:
  explicit Transaction(Sqlite& database) : database_(database) { database_.script("begin immediate"); }
  ~Transaction() {
    if (open_) sqlite3_exec(database_.raw(), "rollback", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.script("commit");
    open_ = false;
  }

 private:
  Sqlite& database_;
  bool open_ = true;
};

class SqliteRows final : public SwapTable {
 public:
  SqliteRows(Context& context, const Json& args, Sqlite::Mode mode)
      : path_(context.resolve(args.at("path").get<std::string>())),
        database_(path_, mode, {std::chrono::milliseconds(5000), &context.cancel()}),
        table_(sqlite_name(args.at("table").get<std::string>())),
        key_(sqlite_name(args.at("key").get<std::string>())),
        value_(sqlite_name(args.at("value").get<std::string>())) {}

  std::string name_of(const std::string& key) const override { return path_.string() + ": " + table_ + " " + key; }

  std::optional<std::string> present(const std::string& key) override {
    const Json found = database_.query("select " + value_ + " as value from " + table_ + " where " + key_ + " = ?", {key}, 2);
    if (found.size() > 1) throw Error(Code::sqlite_failed, name_of(key) + " stands twice");
    if (found.empty()) return std::nullopt;
    if (!found[0]["value"].is_string()) throw Error(Code::sqlite_failed, name_of(key) + " is no text");
    return found[0]["value"].get<std::string>();
  }

  void carry(Context& context, const std::vector<SwapRow>& rows, SwapSide from, SwapSide to) override {
    Transaction transaction(database_);
    demand(rows, from);
    for (const SwapRow& row : rows) write(row.key, row.*from, row.*to);
    context.reach("sqlite.swap.written");
    transaction.commit();
    context.reach("sqlite.swap.done");
  }

 private:
  void write(const std::string& key, const std::optional<std::string>& from, const std::optional<std::string>& to) {
    std::int64_t changed = 1;
    if (from && to)
      changed = database_.execute("update " + table_ + " set " + value_ + " = ? where " + key_ + " = ?", {*to, key});
    else if (from)
      changed = database_.execute("delete from " + table_ + " where " + key_ + " = ?", {key});
    else if (to)
      changed = database_.execute("insert into " + table_ + " (" + key_ + ", " + value_ + ") values (?, ?)", {key, *to});
    if (changed != 1) throw Error(Code::sqlite_failed, name_of(key) + ": " + std::to_string(changed) + " rows changed, expected one");
  }

  std::filesystem::path path_;
  Sqlite database_;
  std::string table_, key_, value_;
};

class SqliteSwap final : public RowSwap {
 public:
  const Declaration& declaration() const override { return declaration_; }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + context.resolve(args.at("path").get<std::string>()).string()};
  }

 private:
  std::unique_ptr<SwapTable> open(Context& context, const Json& args, bool writes) const override {
    return std::make_unique<SqliteRows>(context, args, writes ? Sqlite::Mode::write : Sqlite::Mode::read);
  }
  std::string where(const Json& args) const override { return args.at("path"); }

  const Declaration declaration_{
      .name = "sqlite.swap",
      .kind = Kind::change,
      .summary = "Changes rows of a table of names and values where they are byte for byte as expected: all of them or none.",
      .parameters = swap_parameters({.name = "path", .type = Type::path, .help = "database file", .required = true}),
      .returns = "boolean",
      .returns_help = "whether anything changed: false where all rows are so already",
      .errors = {"argument.invalid", "drift", "file.missing", "sqlite.failed", "sqlite.locked", "disk.full", "cancelled"},
      .example = "sqlite.swap(\"site.db\", \"umbracoKeyValue\", { { key = \"mode\", from = \"a\", to = \"b\" } }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlite_swap() { return std::make_unique<SqliteSwap>(); }

}  // namespace playbook
