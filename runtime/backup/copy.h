// Copies of backup sets, byte for byte: into another folder, and to and from wherever rclone reaches. A copy is proven by its own
// SHA256SUMS before it counts; cut short and repeated, it goes on.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/backup/set.h"

namespace playbook {

/// Copies into `folder`, or finds there what an earlier try copied. `digest`: of SHA256SUMS, "" where it is not known.
BackupSet copy_set(const BackupSet& set, const std::string& digest, const std::filesystem::path& folder, const SourceRegistry& sources,
                   Work& work);

/// A place that rclone reaches. Every call starts the program; throws process.missing, backup.failed with its own words.
class Remote {
 public:
  /// `rclone:nas/acme` is the path acme of the remote nas, as `rclone config` calls it; `rclone:nas:acme` too. Nothing for other texts.
  static std::optional<Remote> parse(const std::string& text);

  /// Below it, under the set's own name, the parts first and what makes it a set last; then every byte is read back and hashed.
  void send(const BackupSet& set, Work& work) const;
  /// The set at this very place, into `folder` under its name.
  BackupSet fetch(const std::filesystem::path& folder, const std::string& digest, const SourceRegistry& sources, Work& work) const;

  /// `nas:acme/20261121T071349Z-demo-1.0`
  const std::string& path() const { return path_; }
  std::string name() const;  ///< its last piece

 private:
  explicit Remote(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace playbook
