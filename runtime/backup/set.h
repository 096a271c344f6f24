// Backup sets: made, opened, listed. A set is a folder `<UTC stamp>-<application>-<version>`:
//
//   manifest.json, SHA256SUMS, RESTORE.md, the parts, and attestations.jsonl, to which later verifications and rehearsals are appended.
//
// It is written to `<name>.partial`, which its maker holds by flock(2), verified there, synced and renamed; what has a final name was whole
// and good, and never changes. A .partial that nobody holds was left by a process that died, and the next `create_set` in that folder
// removes it.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backup/manifest.h"
#include "runtime/backup/source.h"
#include "runtime/backup/work.h"
#include "runtime/base/clock.h"

namespace playbook {

class BackupSet {
 public:
  /// Reads its manifest and the digest of its SHA256SUMS; checks nothing else. Throws backup.corrupt, backup.newer, file.missing.
  static BackupSet open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const Manifest& manifest() const { return manifest_; }
  const std::string& digest() const { return digest_; }  ///< hex SHA-256 of SHA256SUMS, which stands for the whole set
  std::uint64_t bytes() const;                           ///< of its parts, as stored
  Stored stored(const StoredSource& source) const { return {path_, manifest_, source}; }

  /// Was it made of an instance in another folder (of another machine, or before a move)?
  bool is_of_other_place(const std::filesystem::path& instance) const;
  /// The same set for an instance that lies elsewhere now: what was below the folder of the old one is below this.
  BackupSet moved_to(const std::filesystem::path& instance) const;

  /// Appends a line to attestations.jsonl and syncs it.
  void attest(const Json& attestation) const;
  /// Those that are there, oldest first; a line that a power cut tore is passed over.
  std::vector<Json> attestations() const;

 private:
  std::filesystem::path path_;
  Manifest manifest_;
  std::string digest_;
};

struct SetRequest {
  std::filesystem::path folder;           ///< made when it is not there, 0700
  std::string name;                       ///< from `free_set_name`
  Manifest manifest;                      ///< created, application, version, note, instance, actor, action
  std::vector<Json> sources;              ///< from SourceRegistry::check
  std::filesystem::path copy{};           ///< where the one source is not read from the instance, but imported from this
  std::vector<std::string> recipients{};  ///< of age; the parts are encrypted to them once they are proven to be good
  std::function<Json()> keys{};           ///< gives fingerprints for the manifest, asked once all is read
};

/// `20261121T071349Z-appstrate-1.0.0-beta.41`, with `-2`, `-3`, ... when the folder has that already. Empty parts are left out.
std::string free_set_name(const std::filesystem::path& folder, Utc now, const std::string& application, const std::string& version);

/// Makes a set and proves that what is on disk is what was read. On any failure nothing is left behind. Instants: backup.begun, backup.part
/// (after each source), backup.written, backup.verified, backup.synced, backup.renamed.
BackupSet create_set(const SetRequest& request, const SourceRegistry& sources, Work& work);

/// A folder in a backups folder: a set, or the reason why it cannot be read.
struct ListedSet {
  std::filesystem::path path;
  std::optional<BackupSet> set;
  std::string problem;
};

/// Oldest first. Folders that are no sets are left out, unfinished ones are listed with their problem.
std::vector<ListedSet> list_sets(const std::filesystem::path& folder);

}  // namespace playbook
