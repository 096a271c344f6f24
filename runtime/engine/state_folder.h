// Where the runs of one instance are kept: the journal, its ballast, the lock, one folder per run. It is never part of a backup.
// DIR/.playbook, unless the file system of DIR is not local (the journal's WAL needs shared memory): then /var/lib/playbook/<id>.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "runtime/base/file.h"
#include "runtime/base/json.h"

namespace playbook {

class StateFolder {
 public:
  /// Only a path; nothing is made. `override_` (--state) wins.
  StateFolder(const std::filesystem::path& instance, const std::filesystem::path& override_ = {});

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path run_folder(const std::string& run) const { return path_ / "runs" / run; }
  bool exists() const;  ///< holds a journal
  /// Makes it, 0700, ignored by git and by docker builds. Throws file.denied and the like.
  void make() const;
  /// Who holds the lock now, if anybody.
  std::optional<Json> holder() const;

 private:
  std::filesystem::path path_;
};

/// One run per instance: an exclusive lock on the open file description, which the guardian shares, so that it outlives a killed host until
/// the host's children have ended. Throws run.busy.
class RunLock {
 public:
  /// Waits for the guardian of a dead host, at most `patience`.
  RunLock(const StateFolder& folder, std::chrono::milliseconds patience);
  int fd() const { return file_.get(); }

 private:
  Descriptor file_;
};

}  // namespace playbook
