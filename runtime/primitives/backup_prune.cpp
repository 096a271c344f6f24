// backup.prune: removes sets that nothing and nobody needs. `prepare` chooses, so that a prune that is repeated removes no others.
#include "runtime/backup/prune.h"

#include <algorithm>

#include "runtime/backup/partial.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"
#include "runtime/primitives/backup_records.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class BackupPrune : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    const Pruning pruning = choose(context, args);
    Json prepared{{"remove", Json::array()}, {"kept", Json::array()}};
    for (const BackupSet& set : pruning.remove) prepared["remove"].push_back(set.manifest().name);
    for (const KeptSet& kept : pruning.kept) prepared["kept"].push_back({{"name", kept.name}, {"why", kept.why}});
    return prepared;
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    const fs::path folder = backups_folder(context, args);
    Json result{{"removed", Json::array()}, {"kept", prepared.at("kept")}, {"bytes", 0}};
    std::vector<std::string> remove = prepared.at("remove");
    if (remove.empty()) return result;
    spare_the_last_good_one(context, folder, remove, result["kept"]);
    std::uint64_t bytes = 0;
    for (const std::string& name : remove) {
      context.cancel().check();
      if (!fs::exists(folder / name)) continue;  // an earlier try removed it
      bytes += BackupSet::open(folder / name).bytes();
      remove_set(folder / name);
      context.reach("prune.removed");
      context.log(LogLevel::info, "removed backup set " + (folder / name).string());
      result["removed"].push_back(name);
    }
    remove_leftovers(folder);
    result["bytes"] = bytes;
    return result;
  }

  Planned plan(Context& context, const Json& args) override {
    const Pruning pruning = choose(context, args);
    Planned planned;
    planned.text = pruning.remove.empty() ? "remove no backup set" : "remove " + std::to_string(pruning.remove.size()) + " backup sets:";
    for (const BackupSet& set : pruning.remove) planned.text += "\n  " + set.manifest().name + " (" + humane_bytes(set.bytes()) + ")";
    for (const KeptSet& kept : pruning.kept) planned.text += "\n  keep " + kept.name + ": " + kept.why;
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }  // what it removes is no part of the instance
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return {"file:" + backups_folder(context, args).string()};
  }

 private:
  Pruning choose(Context& context, const Json& args) const {
    Retention retention;
    if (args.contains("keep")) retention.count = count_of(args);
    if (args.contains("younger_than")) retention.age = std::chrono::seconds(static_cast<std::int64_t>(args["younger_than"].get<double>()));
    if (!retention.count && !retention.age)
      throw Error(Code::argument_invalid, "backup.prune: neither keep nor younger_than says what stays",
                  "say how many sets stay, such as keep = 5, or how old they may get");
    const SetRecords records(context.environment().state_folder);
    return choose_prunable(list_sets(backups_folder(context, args)), context.instance(), retention, context.clock().utc(),
                           [&](const fs::path& set) { return records.needed_by(set); });
  }

  static std::uint64_t count_of(const Json& args) {
    const auto count = args["keep"].get<std::int64_t>();
    if (count < 0) throw Error(Code::argument_invalid, "backup.prune: keep must not be negative, found " + std::to_string(count));
    return static_cast<std::uint64_t>(count);
  }

  // A set counts only when it can still be read. The newest one that can stays, be it one that would go.
  void spare_the_last_good_one(Context& context, const fs::path& folder, std::vector<std::string>& remove, Json& kept) const {
    const SetRecords records(context.environment().state_folder);
    const std::vector<ListedSet> sets = list_sets(folder);
    for (auto listed = sets.rbegin(); listed != sets.rend(); ++listed) {
      if (!listed->set || listed->set->is_of_other_place(context.instance())) continue;
      Work work = work_of(context);
      const std::string name = listed->path.filename();
      const std::vector<Finding> findings = verify_set(listed->path, records.digest(listed->path), sources_, work, Depth::content);
      if (!findings.empty()) {
        context.log(LogLevel::warning, "backup set " + listed->path.string() + " is damaged: " + describe(findings));
        continue;
      }
      if (std::erase(remove, name) > 0) kept.push_back({{"name", name}, {"why", "the last one that is good"}});
      return;
    }
    throw Error(Code::backup_corrupt, folder.string() + " holds no backup set that is good; nothing is removed",
                "`playbook backup create` makes a new one");
  }

  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.prune",
      .kind = Kind::change,
      .summary = "Removes old backup sets; never the last good one, the last rehearsed one, or one that a run may still restore.",
      .parameters = {{"keep", Type::integer, "how many of the newest sets stay", false, nullptr},
                     {"younger_than", Type::duration, "sets younger than this stay", false, nullptr},
                     {"to", Type::path, "folder of the sets; default: backups in the state folder", false, nullptr}},
      .returns = "{removed: string[], kept: table[], bytes: integer}",
      .returns_help = "names of what was removed; {name, why} of each set that stays; bytes that were made free",
      .errors = {"backup.corrupt", "file.denied", "cancelled"},
      .example = "#backup.prune({ keep = 5 }).removed --> 2",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_prune() { return std::make_unique<BackupPrune>(); }

}  // namespace playbook
