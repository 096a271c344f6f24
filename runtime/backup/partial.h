// A folder that is to become a backup set: `<name>.partial`, held by flock(2) by whoever fills it, and gone unless it got its final name.
// What has the final name was whole and synced before.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/backup/work.h"
#include "runtime/base/file.h"

namespace playbook {

class PartialFolder {
 public:
  /// Makes `folder` where it is not there (0700), removes what dead makers left in it, and makes the partial folder. Throws `backup.failed`
  /// when a set has that name already.
  PartialFolder(const std::filesystem::path& folder, const std::string& name, Work& work);
  ~PartialFolder();
  PartialFolder(const PartialFolder&) = delete;
  PartialFolder& operator=(const PartialFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& final_path() const { return final_; }
  /// Syncs its folders and gives it the final name. Its files are synced by who wrote them. Instants: backup.synced, backup.renamed.
  void commit();

 private:
  std::filesystem::path final_, path_;
  Work& work_;
  Descriptor held_;
  bool renamed_ = false;
};

/// Removes .partial folders that no living process holds; gives their names.
std::vector<std::string> remove_leftovers(const std::filesystem::path& folder);

/// Takes the name from a set, so that it is no set any more at any instant after, and removes it.
void remove_set(const std::filesystem::path& set);

}  // namespace playbook
