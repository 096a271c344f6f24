// backup.copy: a set to another folder or off-site, or back from there. Repeated, it goes on with what is not there yet.
#include "runtime/backup/copy.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

class BackupCopy : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Work work = work_of(context);
    const auto from = remote_of(args.at("set")), to = remote_of(args, "to");
    if (from) return set_value(from->fetch(folder(context, args), "", sources_, work), sources_);
    const BackupSet set = BackupSet::open(set_path(context, args.at("set")));
    if (!to) return set_value(copy_set(set, known_digest(context, args.at("set")), folder(context, args), sources_, work), sources_);
    to->send(set, work);
    return {{"type", "backup.copy"}, {"name", set.manifest().name}, {"to", to->path()}, {"digest", set.digest()}, {"bytes", set.bytes()}};
  }

  Planned plan(Context& context, const Json& args) override {
    const auto from = remote_of(args.at("set")), to = remote_of(args, "to");
    Planned planned;
    planned.text = "copy backup set " + (from ? from->path() : set_path(context, args.at("set")).string()) + " to " +
                   (to ? to->path() : folder(context, args).string()) + ", and verify the copy";
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  bool repeatable() const override { return true; }
  std::vector<std::string> touches(Context& context, const Json& args) const override {
    return remote_of(args, "to") ? std::vector<std::string>{} : std::vector{"file:" + folder(context, args).string()};
  }

 private:
  static std::optional<Remote> remote_of(const Json& set) { return set.is_string() ? Remote::parse(set) : std::nullopt; }
  static std::optional<Remote> remote_of(const Json& args, const char* key) { return remote_of(args.value(key, Json())); }

  // A copy in the folder of the set itself would be the set.
  std::filesystem::path folder(Context& context, const Json& args) const {
    std::filesystem::path to = backups_folder(context, args);
    if (!remote_of(args.at("set")) && !is_planned_set(args["set"]) && set_path(context, args["set"]).parent_path() == to)
      throw Error(Code::argument_invalid, "backup.copy: the set lies in " + to.string() + " already",
                  "say where the copy goes: to = \"/mnt/other\" or to = \"rclone:remote/path\"");
    return to;
  }

  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.copy",
      .kind = Kind::change,
      .summary = "Copies a backup set to another folder or by rclone, or fetches it from there, and verifies the copy.",
      .parameters = {{"set", Type::any, "what backup.create gave, the path or name of a set, or rclone:remote/path/NAME", true, nullptr},
                     {"to", Type::string, "a folder, or rclone:remote/path; default: backups in the state folder", false, nullptr}},
      .returns = "backup.set",
      .returns_help = "the copy; of one that was sent by rclone {type=\"backup.copy\", name, to, digest, bytes}",
      .errors = {"backup.corrupt", "backup.failed", "backup.newer", "disk.full", "file.missing", "process.missing", "cancelled"},
      .example = "backup.copy(saved, { to = \"rclone:nas/acme\" }).to --> \"nas:acme\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_copy() { return std::make_unique<BackupCopy>(); }

}  // namespace playbook
