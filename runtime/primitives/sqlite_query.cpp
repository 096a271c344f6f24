// sqlite.query: reads rows of an application's database.
#include "runtime/base/error.h"
#include "runtime/database/sqlite.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {
namespace {

class SqliteQuery : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    std::string sql = args.at("sql");
    Sqlite database(context.resolve(args.at("path")), Sqlite::Mode::read, {std::chrono::milliseconds(5000), &context.cancel()});
    if (!SqliteStatement(database, sql).reads_only())
      throw Error(Code::argument_invalid, "sqlite.query: \"" + sql.substr(0, 80) + "\" changes the database, only reading is allowed",
                  "change data with a command of the application, in downtime and with a way back");
    return database.query(sql, get_or<Json>(args, "args", Json::array()), args.at("limit").get<size_t>());
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + context.resolve(args.at("path")).string()};
  }

 private:
  const Declaration declaration_{
      .name = "sqlite.query",
      .kind = Kind::read,
      .summary = "Reads rows of a SQLite database, also while the application runs.",
      .parameters = {{"path", Type::path, "database file", true, nullptr},
                     {"sql", Type::string, "one statement that only reads; `?` where an argument goes", true, nullptr},
                     {"args", Type::list, "arguments in their order", false, nullptr},
                     {"limit", Type::integer, "fails when there are more rows than this", false, 10000}},
      .returns = "table[]",
      .returns_help = "a map by column name for each row; integers beyond 2^53 are strings, blobs {blob=sha256, size=bytes}",
      .errors = {"argument.invalid", "file.missing", "sqlite.failed", "sqlite.locked", "cancelled"},
      .example = "sqlite.query(\"notes.db\", \"select count(*) as n from notes where owner = ?\", {args={\"ada\"}})[1].n --> 3",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlite_query() { return std::make_unique<SqliteQuery>(); }

}  // namespace playbook
