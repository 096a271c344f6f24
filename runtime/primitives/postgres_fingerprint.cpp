// postgres.fingerprint: digests by which two states of a database are compared.
#include "runtime/database/postgres_fingerprint.h"

#include "runtime/primitives/postgres.h"

namespace playbook {
namespace {

class PostgresFingerprintPrimitive : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    auto server = open_postgres(context, args.at("server"));
    auto session = server->connect(postgres_options(context));
    std::uint64_t tables = 0;
    return fingerprint(*session,
                       [&] {
                         context.cancel().check();
                         context.progress(++tables, std::nullopt, "tables");
                       })
        .to_json();
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return postgres_touches(check_postgres_server(args.at("server"), context.instance()));
  }

 private:
  const Declaration declaration_{
      .name = "postgres.fingerprint",
      .kind = Kind::read,
      .summary =
          "Gives row count and digest of every table of a PostgreSQL database, its sequences, extensions and a digest of its schema, all "
          "of one moment.",
      .parameters = {kPostgresServerParameter},
      .returns =
          "{version: integer, schema: string, tables: table<string, {rows: integer, digest: string}>, sequences: table<string, string>, "
          "extensions: table<string, string>, large_objects: integer}",
      .returns_help = "equal values mean equal data",
      .errors = {"postgres.failed", "postgres.locked", "process.missing", "cancelled"},
      .example = "postgres.fingerprint(app.database).tables.notes.rows --> 42",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_postgres_fingerprint() { return std::make_unique<PostgresFingerprintPrimitive>(); }

}  // namespace playbook
