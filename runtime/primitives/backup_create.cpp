// backup.create: one set of all that it is given. `prepare` chooses the name, so that after a crash the set is found under it, or is known
// not to be.
#include "runtime/backup/restore.h"
#include "runtime/backup/sealed.h"
#include "runtime/backup/sums.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/keys.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class BackupCreate : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    check_recipients(strings_of(args, "recipients"));
    sources_.check(args.at("sources"), context.instance());
    return new_place(context, args);
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    Work work = work_of(context);
    SetRequest request{prepared.at("folder").get<std::string>(), prepared.at("name"), manifest_of(context, args),
                       sources_.check(args.at("sources"), context.instance())};
    if (args.contains("keyrings") && !args["keyrings"].is_null()) request.keys = fingerprint_keyrings(context, schemes_, keyrings_of(args));
    request.recipients = strings_of(args, "recipients");
    BackupSet set = create_set(request, sources_, work);
    for (const StoredSource& source : set.manifest().sources)
      for (const std::string& line : sources_.at(source.type).warnings(source)) context.log(LogLevel::warning, line);
    return value(set);
  }

  Planned plan(Context& context, const Json& args) override {
    std::vector<Json> specs = sources_.check(args.at("sources"), context.instance());
    const Json place = new_place(context, args);
    const fs::path folder = place["folder"].get<std::string>();
    const std::string name = place["name"];
    Work work = work_of(context);
    std::uint64_t bytes = 0;
    std::vector<std::string> lines;
    for (const Json& spec : specs) {
      bytes += sources_.at(spec.at("type")).estimate(spec, work);
      lines.push_back("  " + sources_.at(spec.at("type")).describe(spec));
    }
    Planned planned;
    planned.text = "back up " + humane_bytes(bytes) + " into " + (folder / name).string() + ", and verify it:\n" + join(lines, "\n");
    planned.predicted = true;
    planned.result = {{"type", "backup.set"},
                      {"name", name},
                      {"path", (folder / name).string()},
                      {"planned", true},
                      {"verified", true},
                      {"digest", ""},
                      {"created", to_iso(context.clock().utc())},
                      {"application", text(args, "app")},
                      {"version", text(args, "version")},
                      {"note", text(args, "note")},
                      {"bytes", bytes},
                      {"parts", Json::array()},
                      {"keys", Json::array()},
                      {"rows", Json::object()},
                      {"sources", specs}};
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }

  Probe probe(Context&, const Record& record) override { return probe_set(record.prepared, sources_); }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    fs::path path = record.result.at("path").get<std::string>();
    std::string digest = file_digest(path / kSumsFile);
    if (digest.empty()) return "backup set " + path.string() + " is gone";
    if (digest != record.result.at("digest").get<std::string>()) return "backup set " + path.string() + " was changed";
    BackupSet set = BackupSet::open(path);
    Work work = work_of(context);
    std::vector<std::string> lines;
    for (const StoredSource& source : set.manifest().sources)
      if (sources_.at(source.type).holds_data())  // files of configuration are edited by the run itself
        for (std::string& line : differences_of(set, source, work)) lines.push_back(std::move(line));
    if (lines.empty()) return std::nullopt;
    return "data changed since the backup " + set.manifest().name + " (" + join(lines, ", ") + ")";
  }

  // What it reads stays as it is.
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + backups_folder(context, args).string()};
  }

  bool repeatable() const override { return true; }

 private:
  // Of an encrypted set only what the manifest tells can be compared.
  std::vector<std::string> differences_of(const BackupSet& set, const StoredSource& source, Work& work) const try {
    return sources_.at(source.type).differences(set.stored(source), work);
  } catch (const Error& missing) {
    if (set.manifest().recipients.empty() || missing.code() != Code::file_missing) throw;
    return {sources_.at(source.type).describe(source.spec) + " cannot be compared with an encrypted set"};
  }
  static std::string text(const Json& args, const char* key) { return get_or<std::string>(args, key, ""); }

  Json value(const BackupSet& set) const {
    Json result = set_value(set, sources_);
    result["verified"] = true;  // a set has its final name only after it was read back
    return result;
  }

  const SourceRegistry sources_;
  const SchemeRegistry schemes_;
  const Declaration declaration_{
      .name = "backup.create",
      .kind = Kind::change,
      .summary = "Backs up databases and files into one new set and verifies what it wrote.",
      .parameters =
          {{"sources", Type::list,
            "what to back up: {type=\"sqlite\", path=...}, {type=\"postgres\", server=...}, {type=\"directory\", path=..., "
            "exclude={...}}, {type=\"files\", paths={...}, optional={...}}, or of type volume, redis, s3, mongodb, sqlserver, command, "
            "image, external",
            true, nullptr},
           {"app", Type::string, "name of the application, for the set's name", false, nullptr},
           {"version", Type::string, "version of the application, for the set's name", false, nullptr},
           {"to", Type::path, "folder for the set; default: backups in the state folder", false, nullptr},
           {"keyrings", Type::list, "as keys.verify takes them: the set gets fingerprints of their keys", false, nullptr},
           {"recipients", Type::strings, "of age: the parts are encrypted to them, and only their keys open them", false, nullptr},
           {"note", Type::string, "a remark that is stored in the set", false, nullptr}},
      .returns = "backup.set",
      .returns_help = "the set: path, name, digest, created, bytes, parts, rows by table",
      .errors = {"backup.failed", "disk.full", "file.missing", "file.denied", "file.changed", "sqlite.failed", "sqlite.locked",
                 "cancelled"},
      .example = "backup.create({{type=\"sqlite\", path=\"data/notes.db\"}}, {app=\"demo\", version=\"1.0\"}).rows.notes --> 42",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_create() { return std::make_unique<BackupCreate>(); }

}  // namespace playbook
