// backup.restore: brings a set back. What was lost by it is counted in `prepare`, while the data is still there.
#include "runtime/backup/restore.h"

#include "runtime/backup/sealed.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

class BackupRestore : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    BackupSet set = open_set(context, args.at("set"));
    if (set.is_of_other_place(context.instance()) && !args.at("moved"))
      throw Error(Code::argument_invalid,
                  "backup set " + set.manifest().name + " is of the instance " + set.manifest().instance + ", not of " +
                      context.instance().string(),
                  "to bring it here all the same, say moved = true: its paths below the one become paths below the other");
    std::vector<std::string> only = strings_of(args, "only");
    chosen_sources(set, only);
    try {
      Work work = work_of(context);
      const ClearSet clear(set, known_digest(context, args.at("set")), identity_of(context, args), sources_, work);
      return {{"loss", loss_of(clear.set(), only, sources_, work)}};
    } catch (const Error& error) {
      if (error.code() == Code::cancelled || error.code() == Code::argument_invalid) throw;
      return {
          {"loss", {{"equal", false}, {"text", "unknown: " + error.message()}, {"sources", Json::array()}}}};  // no reason not to restore
    }
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    BackupSet set = open_set(context, args.at("set"));
    Work work = work_of(context);
    const ClearSet clear(std::move(set), known_digest(context, args.at("set")), identity_of(context, args), sources_, work);
    Json result = restore_set(clear.set(), clear.digest(), strings_of(args, "only"), sources_, work);
    for (const Json& source : result.at("sources"))
      for (const Json& warning : get_or<Json>(source, "warnings", Json::array()))
        context.log(LogLevel::warning, warning.get<std::string>());
    for (const Json& source : result.at("sources"))
      for (const Json notes = get_or<Json>(source, "notes", Json::array()); const Json& note : notes)
        context.log(LogLevel::info, note.get<std::string>());
    for (const Json& kept : result.at("kept"))
      context.log(LogLevel::info, "what was replaced is kept as " + kept.get<std::string>() + "; remove it once all is well");
    result["loss"] = prepared.at("loss");
    return result;
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text = "restore backup set " + set_path(context, args.at("set")).string() + "; what is replaced is kept beside";
    for (const std::string& thing : set_touches(context, args.at("set"), sources_))
      planned.text += "\n  " + thing.substr(thing.find(':') + 1);
    return planned;
  }

  // Doing it again finds what is done and does the rest, so nothing is ever in doubt.
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    BackupSet set = open_set(context, record.args.at("set"));
    Work work = work_of(context);
    const ClearSet clear(set, known_digest(context, record.args.at("set")), identity_of(context, record.args), sources_, work);
    std::vector<std::string> lines = differences(clear.set(), strings_of(record.args, "only"), sources_, work);
    if (lines.empty()) return std::nullopt;
    return "data changed since " + set.manifest().name + " was restored (" + join(lines, ", ") + ")";
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return set_touches(context, args.at("set"), sources_);
  }
  bool may_lose_data(const Json&) const override { return true; }

 private:
  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.restore",
      .kind = Kind::change,
      .summary = "Verifies a backup set and brings it back; what it replaces is kept beside.",
      .parameters = {{"set", Type::any, "what backup.create gave, or the path or name of a set", true, nullptr},
                     {"only", Type::strings, "names of sources; default: all of the set", false, nullptr},
                     {"identity", Type::path, "of age: the file with a key that opens an encrypted set", false, nullptr},
                     {"moved", Type::boolean, "the set may be of another instance; its paths become paths of this one", false, false}},
      .returns = "{type: string, set: string, sources: table[], kept: string[], loss: table}",
      .returns_help = "what was restored, where the replaced files are kept, and what the present had that the set has not",
      .errors = {"backup.corrupt", "backup.newer", "sqlite.locked", "disk.full", "file.denied", "file.missing", "cancelled"},
      .example = "backup.restore(saved).loss.text --> \"table notes: 3 added\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_restore() { return std::make_unique<BackupRestore>(); }

}  // namespace playbook
