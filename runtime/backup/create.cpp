// How a set comes to be (create_set of set.h). The order is the promise: parts, RESTORE.md, manifest, SHA256SUMS are each synced;
// everything is read back; the folders are synced, then the name changes, then the folder above is synced. Until the rename it is a
// .partial that any later maker may remove.
#include <sqlite3.h>
#include <zstd.h>

#include "runtime/backup/at_once.h"
#include "runtime/backup/instructions.h"
#include "runtime/backup/partial.h"
#include "runtime/backup/sealed.h"
#include "runtime/backup/set.h"
#include "runtime/backup/sums.h"
#include "runtime/backup/verify.h"
#include "runtime/base/error.h"
#include "runtime/base/hash.h"

namespace playbook {
namespace {

namespace fs = std::filesystem;

// What one source writes into a set, on the thread that reads it.
class SourceWriter final : public SetWriter {
 public:
  SourceWriter(const fs::path& folder, Work& work) : folder_(folder), work_(work) {}

  std::unique_ptr<PartWriter> part(const std::string& file, const std::string& source, Encoding encoding, std::uint64_t expected) override {
    if (!is_safe_name(file)) throw Error(Code::argument_invalid, "a backup set cannot hold a file of the name " + canonical(file));
    return std::make_unique<PartWriter>(folder_, file, source, encoding, expected, work_);
  }
  void add(Part part) override { parts_.push_back(std::move(part)); }
  const fs::path& folder() const override { return folder_; }

  std::vector<Part> take() { return std::move(parts_); }

 private:
  const fs::path& folder_;
  Work& work_;
  std::vector<Part> parts_;
};

// What is in the set so far.
class PartialSet {
 public:
  PartialSet(const fs::path& folder, const std::string& name, Work& work) : folder_(folder, name, work), work_(work) {
    work_.set_scratch(folder_.path() / ".scratch");
  }

  void add(std::vector<Part> parts) {
    for (Part& part : parts) {
      sums_[part.file] = part.sha256;
      parts_.push_back(std::move(part));
    }
  }
  /// What every part holds is proven first: afterwards only its recipients can look.
  void seal(const std::vector<std::string>& recipients) {
    for (Part& part : parts_) {
      read_part(folder(), part, work_, nullptr);
      sums_.erase(part.file);
      part = seal_part(folder(), std::move(part), recipients, work_);
      sums_[part.stored_as()] = part.sealed_sha256;
      work_.reach("backup.sealed");
    }
  }
  const fs::path& folder() const { return folder_.path(); }
  void write_text(std::string_view file, const std::string& text, bool in_sums = true) {
    PartWriter writer(folder(), std::string(file), "", Encoding::plain, 0, work_);
    writer.write(text);
    Part part = writer.finish();
    if (in_sums) sums_[part.file] = part.sha256;
  }
  void end_scratch() {
    fs::remove_all(folder() / ".scratch");
    work_.set_scratch(folder().parent_path() / ".scratch");
  }
  void commit() { folder_.commit(); }

  const fs::path& final_path() const { return folder_.final_path(); }
  const std::vector<Part>& parts() const { return parts_; }
  const Sums& sums() const { return sums_; }

 private:
  PartialFolder folder_;
  Work& work_;
  Sums sums_;
  std::vector<Part> parts_;
};

Manifest write_sources(const SetRequest& request, const SourceRegistry& sources, PartialSet& partial, Work& work) {
  Manifest manifest = request.manifest;
  manifest.name = request.name;
  manifest.tools["sqlite"] = sqlite3_libversion();
  manifest.tools["zstd"] = ZSTD_versionString();
  struct Written {
    Json state;
    std::vector<Part> parts;
  };
  const size_t count = request.sources.size();
  std::vector<Written> written(count);
  auto may_run_beside = [&](size_t job) { return sources.read_beside(request.sources[job % count]); };
  at_once(work, 2 * count, may_run_beside, [&](size_t job, Work& own) {  // all are announced, then read
    const size_t i = job % count;
    const Json& spec = request.sources[i];
    const Source& source = sources.at(spec.at("type"));
    if (job < count) {
      if (request.copy.empty()) source.announce(spec, own);
      return;
    }
    SourceWriter writer(partial.folder(), own);
    written[i].state = request.copy.empty() ? source.create(spec, writer, own) : source.import(spec, request.copy, writer, own);
    written[i].parts = writer.take();
    own.reach("backup.part");
  });
  for (size_t i = 0; i < written.size(); ++i) {
    const Json& spec = request.sources[i];
    manifest.sources.push_back({spec.at("type"), spec.at("name"), spec, std::move(written[i].state)});
    partial.add(std::move(written[i].parts));
  }
  if (!request.recipients.empty()) partial.seal(request.recipients);
  manifest.parts = partial.parts();
  manifest.recipients = request.recipients;
  return manifest;
}

void expect_good(const PartialSet& partial, const std::string& digest, const SourceRegistry& sources, Work& work, Depth depth) {
  std::vector<Finding> findings = verify_set(partial.folder(), digest, sources, work, depth);
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
  check_recipients(request.recipients);
  PartialSet partial(request.folder, request.name, work);
  work.reach("backup.begun");
  Manifest manifest = write_sources(request, sources, partial, work);
  partial.end_scratch();
  if (request.keys) manifest.keys = request.keys();
  partial.write_text(kInstructionsFile, restore_instructions(partial.final_path(), manifest, sources));
  partial.write_text(kManifestFile, manifest.to_text());
  std::string sums = render_sums(partial.sums());
  partial.write_text(kSumsFile, sums, false);
  work.reach("backup.written");
  expect_good(partial, sha256(sums), sources, work, request.recipients.empty() ? Depth::content : Depth::stored);
  work.reach("backup.verified");
  partial.write_text(kAttestationsFile, canonical(verification_of(manifest)) + "\n", false);
  partial.commit();
  return BackupSet::open(partial.final_path());
}

}  // namespace playbook
