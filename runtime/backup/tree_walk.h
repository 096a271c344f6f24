// Goes through a tree of files: folders before what is in them, names sorted, nothing followed, nothing changed. Every name is looked at
// through the folder that it was found in, so that a link put in its way leads nowhere. Used by one thread.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backup/tree_entry.h"
#include "runtime/base/file.h"

namespace playbook {

/// A path as text that no other path has: controls, backslashes and, in names that are not UTF-8, what is not ASCII become `\ooo`.
std::string printable_path(std::string_view bytes);

/// Orders printable paths as a walk meets them: a folder, what is in it, the next name.
bool walks_before(std::string_view a, std::string_view b);

class TreeWalk {
 public:
  struct Found {
    TreeEntry entry;
    std::string path;  ///< printable
    struct stat status {};
    int folder = -1;   ///< descriptor of the folder that it is in, valid until the next call
    std::string name;  ///< in that folder
  };

  /// `excluded`: printable paths below the root that are left out, with what is in them. Throws as opening the root does.
  TreeWalk(std::filesystem::path root, std::vector<std::string> excluded);

  /// Nothing at the end. Names that vanish meanwhile, and folders that may not be read, are noted and passed over; mount points throw
  /// `unsupported`.
  std::optional<Found> next();

  const std::vector<std::string>& vanished() const { return vanished_; }
  const std::vector<std::string>& denied() const { return denied_; }  ///< folders that may not be read

  /// Opens a file that was found; none when it vanished. Throws `file.changed` when it is no file any more, `file.denied`.
  static std::optional<Descriptor> open(const Found& found, const std::filesystem::path& root);

 private:
  struct Level {
    Descriptor folder;
    std::string path, shown;                                 // bytes and printable, "" for the root
    std::vector<std::pair<std::string, std::string>> names;  // printable, bytes; the next one last
  };
  void enter(const Found& found);
  std::optional<Found> look(int folder, const std::string& name, const std::string& path, const std::string& shown);
  std::string full(const std::string& shown) const;

  std::filesystem::path root_;
  std::vector<std::string> excluded_, vanished_, denied_;
  std::vector<Level> levels_;
  std::optional<Found> pending_;  // a folder that is to be entered before the next name
  std::map<std::pair<dev_t, ino_t>, std::string> linked_;
  dev_t device_ = 0;
  bool begun_ = false;
};

}  // namespace playbook
