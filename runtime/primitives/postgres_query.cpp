// postgres.query: reads rows of an application's database.
#include "runtime/base/error.h"
#include "runtime/database/postgres_rows.h"
#include "runtime/primitives/duration.h"
#include "runtime/primitives/postgres.h"

namespace playbook {
namespace {

class PostgresQuery : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    PostgresOptions options = postgres_options(context);
    options.statement = duration_of(args, "deadline");
    auto server = open_postgres(context, args.at("server"));
    auto session = server->connect(options);
    return query_rows(*session, args.at("sql"), get_or<Json>(args, "args", Json::array()), args.at("limit").get<size_t>());
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return postgres_touches(check_postgres_server(args.at("server"), context.instance()));
  }

 private:
  const Declaration declaration_{
      .name = "postgres.query",
      .kind = Kind::read,
      .summary = "Reads rows of a PostgreSQL database in a read-only transaction.",
      .parameters = {kPostgresServerParameter,
                     {"sql", Type::string, "one query; `$1`, `$2` where arguments go", true, nullptr},
                     {"args", Type::list, "arguments in their order", false, nullptr},
                     {"limit", Type::integer, "fails when there are more rows than this", false, 10000},
                     {"deadline", Type::duration, "longest time for the query", false, 60}},
      .returns = "table[]",
      .returns_help = "a map by column name for each row; times in ISO 8601, numbers that a double would change as strings",
      .errors = {"argument.invalid", "postgres.failed", "postgres.locked", "timeout", "process.missing", "cancelled"},
      .example = "postgres.query(app.database, \"select count(*) as n from notes where owner = $1\", {args={\"ada\"}})[1].n --> 3",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_postgres_query() { return std::make_unique<PostgresQuery>(); }

}  // namespace playbook
