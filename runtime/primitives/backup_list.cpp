// backup.list: the sets of a folder, what is proven of them and who needs them; those that cannot be used with the reason.
#include "runtime/base/error.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/backup_records.h"

namespace playbook {
namespace {

class BackupList : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Json list = Json::array();
    const SetRecords records(context.environment().state_folder);
    for (const ListedSet& listed : list_sets(backups_folder(context, args))) list.push_back(value_of(listed, records));
    return list;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + backups_folder(context, args).string()};
  }

 private:
  Json value_of(const ListedSet& listed, const SetRecords& records) const {
    std::string problem = listed.problem;
    try {
      if (listed.set) {
        Json value = set_value(*listed.set, sources_);
        for (const Json& attestation : listed.set->attestations())
          for (const auto& [kind, member] : {std::pair{"verification", "verified_at"}, {"rehearsal", "rehearsed_at"}})
            if (get_or<std::string>(attestation, "kind", "") == kind) value[member] = get_or<std::string>(attestation, "time", "");
        value["needed_by"] = records.needed_by(listed.path);
        return value;
      }
    } catch (const Error& unreadable) {
      problem = unreadable.message();
    }
    return {{"name", listed.path.filename().string()}, {"path", listed.path.string()}, {"problem", problem}};
  }

  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.list",
      .kind = Kind::read,
      .summary = "Lists the backup sets of this instance, oldest first.",
      .parameters = {{"to", Type::path, "folder of the sets; default: backups in the state folder", false, nullptr}},
      .returns = "backup.set[]",
      .returns_help = "sets, with verified_at, rehearsed_at and needed_by (runs); one that cannot be used has `problem` and no `type`",
      .errors = {"file.denied"},
      .example = "backup.list()[1].rehearsed_at --> \"2026-11-21T07:13:49.000Z\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_list() { return std::make_unique<BackupList>(); }

}  // namespace playbook
