// sqlserver.query: reads rows of an application's database.
#include "runtime/primitives/sqlserver.h"

namespace playbook {
namespace {

class SqlServerQuery final : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    return open_sql_server(context, args.at("server"))->server.query(args.at("sql"));
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context&, const Json& args) const override { return {sql_server_thing(args.at("server"))}; }

 private:
  const Declaration declaration_{
      .name = "sqlserver.query",
      .kind = Kind::read,
      .summary = "Reads rows of a database of SQL Server.",
      .parameters = {kSqlServerParameter,
                     {.name = "sql", .type = Type::string, .help = "one SELECT, every column of it with a name", .required = true}},
      .returns = "table[]",
      .returns_help = "a map by column name for each row",
      .errors = {"argument.invalid", "process.failed", "process.missing", "secret.missing", "cancelled"},
      .example = "sqlserver.query(app.database, \"select count(*) as n from umbracoNode\")[1].n --> 3",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlserver_query() { return std::make_unique<SqlServerQuery>(); }

}  // namespace playbook
