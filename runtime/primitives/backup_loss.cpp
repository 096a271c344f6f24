// backup.loss: what going back to a set would cost now.
#include "runtime/backup/restore.h"
#include "runtime/backup/sealed.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

class BackupLoss : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    BackupSet set = open_set(context, args.at("set"));
    Work work = work_of(context);
    const ClearSet clear(std::move(set), known_digest(context, args.at("set")), identity_of(context, args), sources_, work);
    return loss_of(clear.set(), strings_of(args, "only"), sources_, work);
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    std::vector<std::string> things = set_touches(context, args.at("set"), sources_);
    things.push_back("file:" + set_path(context, args.at("set")).string());
    return things;
  }

 private:
  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.loss",
      .kind = Kind::read,
      .summary = "Says what would be lost if a backup set was restored now: rows added, removed and changed since, table by table.",
      .parameters = {{"set", Type::any, "what backup.create gave, or the path or name of a set", true, nullptr},
                     {"only", Type::strings, "names of sources; default: all of the set", false, nullptr},
                     {"identity", Type::path, "of age: the file with a key that opens an encrypted set", false, nullptr}},
      .returns = "{equal: boolean, text: string, sources: table[]}",
      .returns_help = "text for people, and for each source items of {what, added, removed, changed}",
      .errors = {"backup.corrupt", "backup.newer", "sqlite.failed", "sqlite.locked", "file.missing", "cancelled"},
      .example = "backup.loss(saved).text --> \"table notes: 3 added, 1 changed\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_loss() { return std::make_unique<BackupLoss>(); }

}  // namespace playbook
