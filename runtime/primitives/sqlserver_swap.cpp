// sqlserver.swap: as sqlite.swap, in a database of SQL Server. One batch, one transaction: a row that is not byte for byte as expected ends
// it.
#include "runtime/base/error.h"
#include "runtime/primitives/row_swap.h"
#include "runtime/primitives/sqlserver.h"

namespace playbook {
namespace {

// Byte for byte: the usual collations do not tell upper from lower case.
constexpr const char* kExactly = " collate Latin1_General_100_BIN2";

class SqlServerRows final : public SwapTable {
 public:
  SqlServerRows(Context& context, const Json& args)
      : open_(open_sql_server(context, args.at("server"))),
        table_(sql_server_name(args.at("table"))),
        key_(sql_server_name(args.at("key"))),
        value_(sql_server_name(args.at("value"))) {}

  std::string name_of(const std::string& key) const override { return open_->server.database() + ": " + table_ + " " + key; }

  std::optional<std::string> present(const std::string& key) override {
    const Json found =
        open_->server.query("select " + value_ + " as value from " + table_ + " where " + key_ + " = " + sql_server_text(key));
    if (found.empty()) return std::nullopt;
    if (found.size() > 1 || !found[0].at("value").is_string())
      throw Error(Code::process_failed, name_of(key) + " is not one text", "look at the row by hand");
    return found[0]["value"].get<std::string>();
  }

  void carry(Context& context, const std::vector<SwapRow>& rows, SwapSide from, SwapSide to) override {
    demand(rows, from);
    std::string batch = "set nocount on; set xact_abort on; begin transaction;";
    for (const SwapRow& row : rows) {
      if (row.*from == row.*to) continue;
      batch += " " + statement(row.key, row.*from, row.*to) + "; if @@rowcount <> 1 throw 50001, " +
               sql_server_text(row.key + " is not as expected") + ", 1;";
    }
    context.reach("sqlserver.swap.before");
    open_->server.execute(batch + " commit transaction");
    context.reach("sqlserver.swap.done");
  }

 private:
  std::string statement(const std::string& key, const std::optional<std::string>& from, const std::optional<std::string>& to) const {
    const std::string name = sql_server_text(key);
    if (!from) return "insert into " + table_ + " (" + key_ + ", " + value_ + ") values (" + name + ", " + sql_server_text(*to) + ")";
    const std::string where = " where " + key_ + " = " + name + " and " + value_ + kExactly + " = " + sql_server_text(*from);
    if (!to) return "delete from " + table_ + where;
    return "update " + table_ + " set " + value_ + " = " + sql_server_text(*to) + where;
  }

  std::unique_ptr<OpenSqlServer> open_;
  std::string table_, key_, value_;
};

class SqlServerSwap final : public RowSwap {
 public:
  const Declaration& declaration() const override { return declaration_; }
  std::vector<std::string> touches(Context&, const Json& args) const override { return {sql_server_thing(args.at("server"))}; }

 private:
  std::unique_ptr<SwapTable> open(Context& context, const Json& args, bool) const override {
    return std::make_unique<SqlServerRows>(context, args);
  }
  std::string where(const Json& args) const override { return sql_server_thing(args.at("server")).substr(sizeof "sqlserver:" - 1); }

  const Declaration declaration_{
      .name = "sqlserver.swap",
      .kind = Kind::change,
      .summary = "Changes rows of a table of names and values in SQL Server where they are byte for byte as expected: all of them or none.",
      .parameters = swap_parameters(kSqlServerParameter),
      .returns = "boolean",
      .returns_help = "whether anything changed: false where all rows are so already",
      .errors = {"argument.invalid", "drift", "process.failed", "process.missing", "secret.missing", "cancelled"},
      .example = "sqlserver.swap(app.database, \"umbracoKeyValue\", { { key = \"mode\", from = \"a\", to = \"b\" } }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlserver_swap() { return std::make_unique<SqlServerSwap>(); }

}  // namespace playbook
