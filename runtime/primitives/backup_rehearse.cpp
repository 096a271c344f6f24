// backup.rehearse: restores a set into scratch, to know that it can be done.
#include "runtime/backup/restore.h"
#include "runtime/backup/sealed.h"
#include "runtime/base/error.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

class BackupRehearse : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    BackupSet set = open_set(context, args.at("set"));
    Work work = work_of(context);
    const ClearSet clear(std::move(set), known_digest(context, args.at("set")), identity_of(context, args), sources_, work);
    Json result = rehearse_set(clear.set(), clear.digest(), sources_, work, attestation_of(context));
    clear.keep_attestation();
    return result;
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text = "rehearse the restore of backup set " + set_path(context, args.at("set")).string() + " in scratch";
    planned.predicted = true;
    planned.result = {{"type", "backup.rehearsal"}, {"set", set_path(context, args.at("set")).filename().string()}, {"planned", true}};
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + set_path(context, args.at("set")).string()};
  }

 private:
  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.rehearse",
      .kind = Kind::change,
      .summary = "Restores a backup set into scratch, compares it with what was backed up, and notes in the set that it was rehearsed.",
      .parameters = {{"set", Type::any, "what backup.create gave, or the path or name of a set", true, nullptr},
                     {"identity", Type::path, "of age: the file with a key that opens an encrypted set", false, nullptr}},
      .returns = "{type: string, set: string, sources: table[]}",
      .returns_help = "what was compared, source by source",
      .errors = {"backup.corrupt", "backup.newer", "disk.full", "file.missing", "cancelled"},
      .example = "backup.rehearse(saved).sources[1].rows.notes --> 42",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_rehearse() { return std::make_unique<BackupRehearse>(); }

}  // namespace playbook
