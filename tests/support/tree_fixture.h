// A tree of files with everything that a tree can hold, backed up by the source `directory`.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/backup/restore.h"
#include "runtime/backup/set.h"
#include "tests/support/temp_folder.h"

namespace playbook::testing {

class TreeFixture {
 public:
  enum class Size { empty, full };
  explicit TreeFixture(Size size = Size::full);

  TempFolder folder;
  std::filesystem::path instance = folder.path() / "app", backups = folder.path() / "backups", root = instance / "stacks";
  SourceRegistry sources;
  Json spec = {{"type", "directory"}, {"path", "stacks"}};
  CancelToken cancel;

  Work work(Faults* faults = nullptr) const { return Work(folder.path() / "scratch", &cancel, faults); }
  BackupSet create(Faults* faults = nullptr) const;
  Json restore(const BackupSet& set, Faults* faults = nullptr) const;
  Json rehearse(const BackupSet& set) const;
  /// A release that went wrong: files changed, added, removed; an owner and a mode.
  void spoil() const;
};

/// What find(1) and sha256sum(1) say of a tree: names, kinds, modes, owners, times, sizes, targets, link counts, digests.
std::string picture_of(const std::filesystem::path& root);

}  // namespace playbook::testing
