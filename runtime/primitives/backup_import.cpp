// backup.import: what an operator backed up by hand becomes a set like any other: hashed, verified, rehearsed.
#include "runtime/backup/restore.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class BackupImport : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    chosen_source(context, args);
    return new_place(context, args);
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    Work work = work_of(context);
    SetRequest request{prepared.at("folder").get<std::string>(),
                       prepared.at("name"),
                       manifest_of(context, args),
                       {chosen_source(context, args)},
                       copy_of(context, args)};
    if (request.manifest.note.empty()) request.manifest.note = "imported from " + request.copy.string();
    const BackupSet set = create_set(request, sources_, work);
    rehearse_set(set, set.digest(), sources_, work, attestation_of(context));
    for (const StoredSource& source : set.manifest().sources)
      for (const std::string& line : sources_.at(source.type).warnings(source)) context.log(LogLevel::warning, line);
    Json result = set_value(set, sources_);
    result["verified"] = true;
    return result;
  }

  Planned plan(Context& context, const Json& args) override {
    const Json spec = chosen_source(context, args);
    Planned planned;
    planned.text = "import " + copy_of(context, args).string() + " as a backup of " + sources_.at(spec.at("type")).describe(spec) +
                   ", verify and rehearse it";
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record& record) override { return probe_set(record.prepared, sources_); }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + backups_folder(context, args).string()};
  }

 private:
  static fs::path copy_of(Context& context, const Json& args) { return context.resolve(args.at("file").get<std::string>()); }

  // The named source, or the one that the file looks like.
  Json chosen_source(Context& context, const Json& args) const {
    const fs::path copy = copy_of(context, args);
    if (!fs::exists(copy)) throw Error(Code::file_missing, copy.string() + " does not exist");
    const std::string wanted = get_or<std::string>(args, "source", "");
    std::vector<Json> fitting;
    std::vector<std::string> names;
    for (Json& spec : sources_.check(args.at("sources"), context.instance())) {
      names.push_back(spec.at("name"));
      if (wanted.empty() ? sources_.at(spec.at("type")).recognizes(copy) : wanted == names.back()) fitting.push_back(std::move(spec));
    }
    if (fitting.size() == 1) return fitting.front();
    if (!wanted.empty())
      throw Error(Code::argument_invalid, "there is no source \"" + wanted + "\"" + did_you_mean(wanted, names),
                  "it is one of " + join(names, ", "));
    throw Error(Code::argument_invalid,
                copy.string() + (fitting.empty() ? " looks like none of the sources of this instance"
                                                 : " may be any of several sources of this instance"),
                "name the one that it is a copy of, with source: " + join(names, ", "));
  }

  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.import",
      .kind = Kind::change,
      .summary = "Makes a set of a copy that was made by hand (a dump of PostgreSQL, a SQLite database), verifies and rehearses it.",
      .parameters = {{"file", Type::path, "pg_dump's custom format, plain SQL of one database, or a SQLite database", true, nullptr},
                     {"sources", Type::list, "what the instance keeps, as for backup.create", true, nullptr},
                     {"source", Type::string, "name of the source that it is a copy of; default: the one that it looks like", false,
                      nullptr},
                     {"app", Type::string, "name of the application, for the set's name", false, nullptr},
                     {"version", Type::string, "version of the application that wrote the data", false, nullptr},
                     {"to", Type::path, "folder for the set; default: backups in the state folder", false, nullptr},
                     {"note", Type::string, "a remark that is stored in the set", false, nullptr}},
      .returns = "backup.set",
      .returns_help = "the set, which holds that one source",
      .errors = {"argument.invalid", "backup.failed", "disk.full", "file.missing", "postgres.failed", "sqlite.failed", "unsupported",
                 "cancelled"},
      .example = "backup.import(\"/srv/shop.dump\", app.state, { version = \"1.0\" }).rows.orders --> 40",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_import() { return std::make_unique<BackupImport>(); }

}  // namespace playbook
