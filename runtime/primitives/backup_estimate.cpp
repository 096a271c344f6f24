// backup.estimate: the room that a backup and all that may follow from it take, disk by disk. Counts what is there without compression, so
// that what it says is enough.
#include <sys/stat.h>

#include <cmath>
#include <map>

#include "runtime/base/error.h"
#include "runtime/engine/primitive.h"
#include "runtime/primitives/backup.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

class Disks {
 public:
  void add(fs::path path, const std::string& what, std::uint64_t bytes) {
    if (bytes == 0) return;
    std::error_code error;
    while (!fs::exists(path, error) && path.has_relative_path()) path = path.parent_path();
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) throw system_error(errno, "cannot look at " + path.string());
    auto [disk, fresh] = disks_.emplace(found.st_dev, Json{{"path", path.string()}, {"needed", 0}, {"items", Json::array()}});
    if (fresh) {
      disk->second["available"] = fs::space(path, error).available;
      if (error) throw system_error(error.value(), "cannot look at the file system of " + path.string());
    }
    disk->second["needed"] = disk->second["needed"].get<std::uint64_t>() + bytes;
    disk->second["items"].push_back({{"what", what}, {"bytes", bytes}});
  }
  Json list() const {
    Json all = Json::array();
    for (const auto& [device, disk] : disks_) all.push_back(disk);
    return all;
  }

 private:
  std::map<dev_t, Json> disks_;
};

class BackupEstimate : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    Work work = work_of(context);
    const fs::path folder = backups_folder(context, args);
    const auto sets = args.at("sets").get<std::uint64_t>();
    const double growth = args.at("growth");
    const bool rehearse = args.at("rehearse"), restore = args.at("restore");
    Disks disks;
    Json result{{"bytes", 0}, {"unseen", Json::array()}};
    for (const Json& spec : sources_.check(args.at("sources"), context.instance())) {
      const Source& source = sources_.at(spec.at("type"));
      const std::uint64_t bytes = source.estimate(spec, work);
      const std::string name = spec.at("name");
      result["bytes"] = result["bytes"].get<std::uint64_t>() + bytes;
      disks.add(folder, (sets == 1 ? "backup of " : std::to_string(sets) + " backups of ") + name, sets * bytes);
      if (!source.holds_data()) continue;
      if (rehearse) disks.add(context.environment().state_folder, "scratch for " + name, bytes);
      const auto beside = static_cast<std::uint64_t>(std::llround(growth * static_cast<double>(bytes)));
      if (!restore && !rehearse && beside == 0) continue;
      const fs::path place = source.restored_below(spec, work);
      if (place.empty() || !place.is_absolute()) {
        result["unseen"].push_back(name);
        continue;
      }
      if (restore) disks.add(place, "restored copy of " + name, bytes);
      disks.add(place, "growth of " + name, beside);
    }
    if (args.contains("images")) disks.add("/var/lib/docker", "images", args["images"].get<std::uint64_t>());
    result["disks"] = disks.list();
    return result;
  }

 private:
  const SourceRegistry sources_;
  const Declaration declaration_{
      .name = "backup.estimate",
      .kind = Kind::read,
      .summary =
          "Says how much room backups take, their rehearsal, the copy that a restore puts beside what is there, and a migration, on each "
          "disk.",
      .parameters = {{"sources", Type::list, "what is backed up, as for backup.create", true, nullptr},
                     {"to", Type::path, "folder for the sets; default: backups in the state folder", false, nullptr},
                     {"sets", Type::integer, "how many sets are made", false, 1},
                     {"rehearse", Type::boolean, "they are rehearsed", false, true},
                     {"restore", Type::boolean, "one may have to be restored", false, true},
                     {"growth", Type::number, "what a migration adds, as a share of the data", false, 1},
                     {"images", Type::integer, "bytes of images that are pulled", false, nullptr}},
      .returns = "{bytes: integer, disks: table[], unseen: string[]}",
      .returns_help = "bytes that are read; disks of {path, available, needed, items}; sources whose disk cannot be seen from here",
      .errors = {"argument.invalid", "file.failed", "postgres.failed"},
      .example = "backup.estimate(app.state).disks[1].needed --> 83886080",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_backup_estimate() { return std::make_unique<BackupEstimate>(); }

}  // namespace playbook
