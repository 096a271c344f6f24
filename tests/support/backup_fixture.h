// A small application to back up: a WAL database with rows, a configuration file with a secret, an optional file that is not there.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/backup/restore.h"
#include "runtime/backup/set.h"
#include "runtime/backup/verify.h"
#include "runtime/database/sqlite_fingerprint.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

class BackupFixture {
 public:
  BackupFixture();

  TempFolder folder;
  std::filesystem::path instance = folder.path() / "app", backups = folder.path() / "backups";
  std::filesystem::path database = instance / "data" / "notes.db", config = instance / "app.env", later = instance / "later.env";
  SourceRegistry sources;
  int made = 0;  ///< sets, for their names

  Json specs() const;
  Work work(Faults* faults = nullptr) const { return Work(folder.path() / "scratch", nullptr, faults); }
  BackupSet create(Faults* faults = nullptr);
  std::vector<Finding> verify(const BackupSet& set) const;
  Json restore(const BackupSet& set, Faults* faults = nullptr) const;

  /// A release that went wrong: rows added, changed and dropped, the configuration edited, the optional file made.
  void spoil() const;
  SqliteFingerprint present() const;
  std::string present_config() const;
  /// `old`, `new` (spoiled), or what is mixed.
  std::string state() const;

 private:
  SqliteFingerprint old_;
};

}  // namespace playbook::testing
