// How a set comes to be (create_set of set.h). The order is the promise: parts, RESTORE.md, manifest, SHA256SUMS are each synced;
// everything is read back; the folders are synced, then the name changes, then the folder above is synced. Until the rename it is a
// .partial that any later maker may remove.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <cstdio>

#include "runtime/backup/instructions.h"
#include "runtime/backup/set.h"
#include "runtime/backup/sums.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

// A file system that cannot lock folders (NFS) holds sets all the same; only leftovers have to be removed by hand there.
void lock(const Descriptor& folder, int how, const fs::path& path) {
  bool taken = folder && ::flock(folder.get(), how) == 0;
  bool cannot = folder && (errno == EBADF || errno == ENOLCK || errno == EOPNOTSUPP);
  if (!taken && !cannot) throw system_error(errno, "cannot lock " + path.string());
}

// The .partial folder: held while it is written, gone unless it was renamed.
class PartialSet : public SetWriter {
 public:
  PartialSet(const fs::path& folder, const std::string& name, Work& work)
      : final_(folder / name), path_(folder / (name + ".partial")), work_(work) {
    make_folder(folder);
    Descriptor above(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    lock(above, LOCK_EX, folder);  // makers, one at a time
    remove_leftovers(folder);
    if (fs::exists(final_))
      throw Error(Code::backup_failed, "backup set " + final_.string() + " exists already", "back up under another name");
    if (::mkdir(path_.c_str(), 0700) != 0) throw system_error(errno, "cannot make the folder " + path_.string());
    held_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    lock(held_, LOCK_EX | LOCK_NB, path_);
    work_.set_scratch(path_ / ".scratch");
  }
  ~PartialSet() override {
    std::error_code ignored;
    if (!renamed_) fs::remove_all(path_, ignored);
  }

  std::unique_ptr<PartWriter> part(const std::string& file, const std::string& source, Encoding encoding, std::uint64_t expected) override {
    if (!is_safe_name(file)) throw Error(Code::argument_invalid, "a backup set cannot hold a file of the name " + canonical(file));
    return std::make_unique<PartWriter>(path_, file, source, encoding, expected, work_);
  }
  void add(Part part) override {
    sums_[part.file] = part.sha256;
    parts_.push_back(std::move(part));
  }
  void write_text(std::string_view file, const std::string& text, bool in_sums = true) {
    PartWriter writer(path_, std::string(file), "", Encoding::plain, 0, work_);
    writer.write(text);
    Part part = writer.finish();
    if (in_sums) sums_[part.file] = part.sha256;
  }
  void end_scratch() {
    fs::remove_all(path_ / ".scratch");
    work_.set_scratch(path_.parent_path() / ".scratch");
  }
  void sync_folders() {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path_))
      if (entry.is_directory()) sync_folder(entry.path());
    sync_folder(path_);
  }
  void rename() {
    // RENAME_NOREPLACE: a set is never written over, whatever another maker did meanwhile.
    bool renamed = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, final_.c_str(), RENAME_NOREPLACE) == 0;
    if (!renamed && errno == EINVAL)
      renamed = ::rename(path_.c_str(), final_.c_str()) == 0;  // without that flag: fails on a set just the same
    if (!renamed) throw system_error(errno, "cannot name the backup set " + final_.string());
    renamed_ = true;
    work_.reach("backup.renamed");
    sync_folder(final_.parent_path());
  }

  const fs::path& path() const { return path_; }
  const fs::path& final_path() const { return final_; }
  const std::vector<Part>& parts() const { return parts_; }
  const Sums& sums() const { return sums_; }

 private:
  fs::path final_, path_;
  Work& work_;
  Descriptor held_;
  bool renamed_ = false;
  Sums sums_;
  std::vector<Part> parts_;
};

Manifest write_sources(const SetRequest& request, const SourceRegistry& sources, PartialSet& partial, Work& work) {
  Manifest manifest = request.manifest;
  manifest.name = request.name;
  manifest.tools["sqlite"] = sqlite3_libversion();
  manifest.tools["zstd"] = ZSTD_versionString();
  for (const Json& spec : request.sources) {
    const Source& source = sources.at(spec.at("type"));
    manifest.sources.push_back({spec.at("type"), spec.at("name"), spec, source.create(spec, partial, work)});
    work.reach("backup.part");
  }
  manifest.parts = partial.parts();
  return manifest;
}

void expect_good(const PartialSet& partial, const std::string& digest, const SourceRegistry& sources, Work& work) {
  std::vector<Finding> findings = verify_set(partial.path(), digest, sources, work, Depth::content);
  if (findings.empty()) return;
  throw Error(Code::backup_failed,
              "what was written to " + partial.final_path().string() + " reads back differently: " + describe(findings),
              "the disk or the memory of this host is not to be trusted; back up to another place", {{"findings", to_json(findings)}});
}

Json verification_of(const Manifest& manifest) {
  return {{"kind", "verification"}, {"time", manifest.created}, {"by", manifest.actor}, {"action", manifest.action}};
}

}  // namespace

BackupSet create_set(const SetRequest& request, const SourceRegistry& sources, Work& work) {
  for (const Json& spec : request.sources) work.expect(3 * sources.at(spec.at("type")).estimate(spec, work));  // read, compress, read back
  PartialSet partial(request.folder, request.name, work);
  work.reach("backup.begun");
  Manifest manifest = write_sources(request, sources, partial, work);
  partial.end_scratch();
  partial.write_text(kInstructionsFile, restore_instructions(partial.final_path(), manifest, sources));
  partial.write_text(kManifestFile, manifest.to_text());
  std::string sums = render_sums(partial.sums());
  partial.write_text(kSumsFile, sums, false);
  work.reach("backup.written");
  expect_good(partial, sha256(sums), sources, work);
  work.reach("backup.verified");
  partial.write_text(kAttestationsFile, canonical(verification_of(manifest)) + "\n", false);
  partial.sync_folders();
  work.reach("backup.synced");
  if (work.cancel()) work.cancel()->check();
  partial.rename();
  return BackupSet::open(partial.final_path());
}

}  // namespace playbook
