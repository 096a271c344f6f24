// sqlite.fingerprint: digests by which two states of a database are compared.
#include "runtime/database/sqlite_fingerprint.h"

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {
namespace {

class SqliteFingerprintPrimitive : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Sqlite database(context.resolve(args.at("path")), Sqlite::Mode::read, {std::chrono::milliseconds(5000), &context.cancel()});
    std::uint64_t done = 0;
    return fingerprint(database,
                       [&](std::uint64_t bytes) {
                         context.cancel().check();
                         context.progress(done += bytes);
                       })
        .to_json();
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + context.resolve(args.at("path")).string()};
  }

 private:
  const Declaration declaration_{
      .name = "sqlite.fingerprint",
      .kind = Kind::read,
      .summary = "Gives row count and digest of every table of a SQLite database, and a digest of its schema, all of one moment.",
      .parameters = {{"path", Type::path, "database file", true, nullptr}},
      .returns = "{version: integer, user_version: integer, schema: string, tables: table<string, {rows: integer, digest: string}>}",
      .returns_help = "equal values mean equal data",
      .errors = {"file.missing", "sqlite.failed", "sqlite.locked", "cancelled"},
      .example = "sqlite.fingerprint(\"notes.db\").tables.notes.rows --> 42",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_sqlite_fingerprint() { return std::make_unique<SqliteFingerprintPrimitive>(); }

}  // namespace playbook
