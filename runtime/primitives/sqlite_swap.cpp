// sqlite.swap: changes rows of a table of names and values where they are exactly as expected, all of them or none.
//
// One transaction, and each row is compared byte for byte before it is written: what another hand changed meanwhile is never overwritten.
// After a crash the rows themselves say whether it was done.
#include <sqlite3.h>

#include "runtime/base/error.h"
#include "runtime/database/sqlite.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {
namespace {

/// A row as it should be before or after; nothing: there is none.
struct Row {
  std::string key;
  std::optional<std::string> from, to;
};

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

class Swap {
 public:
  Swap(Context& context, const Json& args, Sqlite::Mode mode)
      : path_(context.resolve(args.at("path").get<std::string>())),
        database_(path_, mode, {std::chrono::milliseconds(5000), &context.cancel()}),
        table_(sqlite_name(args.at("table").get<std::string>())),
        key_(sqlite_name(args.at("key").get<std::string>())),
        value_(sqlite_name(args.at("value").get<std::string>())) {
    for (const Json rows = args.at("rows"); const Json& row : rows) rows_.push_back(read(row));
    if (rows_.empty()) throw Error(Code::argument_invalid, "sqlite.swap: rows is empty");
  }

  const std::vector<Row>& rows() const { return rows_; }
  std::string name_of(const Row& row) const { return path_.string() + ": " + table_ + " " + row.key; }

  std::optional<std::string> present(const Row& row) {
    const Json found = database_.query("select " + value_ + " as value from " + table_ + " where " + key_ + " = ?", {row.key}, 2);
    if (found.size() > 1) throw Error(Code::sqlite_failed, name_of(row) + " stands twice");
    if (found.empty()) return std::nullopt;
    if (!found[0]["value"].is_string()) throw Error(Code::sqlite_failed, name_of(row) + " is no text");
    return found[0]["value"].get<std::string>();
  }

  bool stand(std::optional<std::string> Row::*side) {
    for (const Row& row : rows_)
      if (present(row) != row.*side) return false;
    return true;
  }

  /// What differs from that side, in words; nothing when all stands so.
  std::optional<std::string> difference(std::optional<std::string> Row::*side) {
    for (const Row& row : rows_)
      if (std::optional<std::string> found = present(row); found != row.*side)
        return name_of(row) + " is " + found.value_or("not there") + ", not " + (row.*side).value_or("away");
    return std::nullopt;
  }

  /// From one side to the other, or throws and changes nothing.
  void carry(Context& context, std::optional<std::string> Row::*from, std::optional<std::string> Row::*to) {
    Transaction transaction(database_);
    if (std::optional<std::string> differs = difference(from))
      throw Error(Code::drift, *differs, "look who changed it, and ask again with what is there now");
    for (const Row& row : rows_) write(row, row.*from, row.*to);
    context.reach("sqlite.swap.written");
    transaction.commit();
    context.reach("sqlite.swap.done");
  }

 private:
  static Row read(const Json& row) {
    auto text = [&](const char* name) -> std::optional<std::string> {
      if (!row.contains(name) || row[name].is_null()) return std::nullopt;
      if (!row[name].is_string()) throw Error(Code::argument_invalid, std::string("sqlite.swap: ") + name + " of a row must be a string");
      return row[name].get<std::string>();
    };
    if (!row.is_object() || !text("key")) throw Error(Code::argument_invalid, "sqlite.swap: each row needs a key");
    return {*text("key"), text("from"), text("to")};
  }

  void write(const Row& row, const std::optional<std::string>& from, const std::optional<std::string>& to) {
    std::int64_t changed = 1;
    if (from && to)
      changed = database_.execute("update " + table_ + " set " + value_ + " = ? where " + key_ + " = ?", {*to, row.key});
    else if (from)
      changed = database_.execute("delete from " + table_ + " where " + key_ + " = ?", {row.key});
    else if (to)
      changed = database_.execute("insert into " + table_ + " (" + key_ + ", " + value_ + ") values (?, ?)", {row.key, *to});
    if (changed != 1) throw Error(Code::sqlite_failed, name_of(row) + ": " + std::to_string(changed) + " rows changed, expected one");
  }

  std::filesystem::path path_;
  Sqlite database_;
  std::string table_, key_, value_;
  std::vector<Row> rows_;
};

class SqliteSwap : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Swap swap(context, args, Sqlite::Mode::write);
    if (swap.stand(&Row::to)) return false;
    swap.carry(context, &Row::from, &Row::to);
    return true;
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    Swap swap(context, record.args, Sqlite::Mode::write);
    if (!swap.stand(&Row::from)) swap.carry(context, &Row::to, &Row::from);
  }

  Probe probe(Context& context, const Record& record) override {
    Swap swap(context, record.args, Sqlite::Mode::read);
    if (swap.stand(&Row::to)) return {Probe::State::done, true, ""};
    if (swap.stand(&Row::from)) return {Probe::State::not_done, nullptr, ""};
    return {Probe::State::unknown, nullptr, *swap.difference(&Row::to), false};
  }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    return Swap(context, record.args, Sqlite::Mode::read).difference(&Row::to);
  }

  Planned plan(Context& context, const Json& args) override {
    Swap swap(context, args, Sqlite::Mode::read);
    Planned planned;
    planned.text = "change " + std::to_string(swap.rows().size()) + " rows of " + args.at("table").get<std::string>() + " in " +
                   args.at("path").get<std::string>();
    for (const Row& row : swap.rows())
      planned.text += "\n" + row.key + ": " + row.from.value_or("(not there)") + " -> " + row.to.value_or("(away)");
    planned.predicted = true;
    planned.result = !swap.stand(&Row::to);
    return planned;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + context.resolve(args.at("path").get<std::string>()).string()};
  }
  bool may_lose_data(const Json&) const override { return true; }

 private:
  const Declaration declaration_{
      .name = "sqlite.swap",
      .kind = Kind::change,
      .summary = "Changes rows of a table of names and values where they are byte for byte as expected: all of them or none.",
      .parameters =
          {{.name = "path", .type = Type::path, .help = "database file", .required = true},
           {.name = "table", .type = Type::string, .help = "its name", .required = true},
           {.name = "rows",
            .type = Type::list,
            .help = "{key=, from=?, to=?}: no from: there is none yet; no to: it goes away",
            .required = true},
           {.name = "key", .type = Type::string, .help = "column of the names", .fallback = "key"},
           {.name = "value", .type = Type::string, .help = "column of the values, which are text and no secrets", .fallback = "value"}},
      .returns = "boolean",
      .returns_help = "whether anything changed: false where all rows are so already",
      .errors = {"argument.invalid", "drift", "file.missing", "sqlite.failed", "sqlite.locked", "disk.full", "cancelled"},
      .example = "sqlite.swap(\"site.db\", \"umbracoKeyValue\", { { key = \"mode\", from = \"a\", to = \"b\" } }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlite_swap() { return std::make_unique<SqliteSwap>(); }

}  // namespace playbook
