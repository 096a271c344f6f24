// Who has a file open, whatever name or container it was opened through: processes whose descriptors lead to the same device and inode.
// Reads /proc, so another user's processes are seen by root alone; an empty answer proves nothing for others.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace playbook {

struct Holder {
  pid_t pid = 0;
  std::string command;
  bool operator==(const Holder&) const = default;
};

/// This process is left out unless `with_self`, and then `but` (a descriptor of its own) does not count.
std::vector<Holder> holders_of(const std::filesystem::path& path, bool with_self = false, int but = -1);

/// Who works in a folder: processes that have a file in it open for writing, or mapped, and those of other mount namespaces (containers)
/// into which it, or a folder above or below it, was mounted on its own. Processes that may not be looked at are counted in `unseen`.
struct TreeHolders {
  std::vector<Holder> holders;
  int unseen = 0;
};
TreeHolders holders_of_tree(const std::filesystem::path& root);

/// The name of a process, as the kernel has it.
std::string command_of(pid_t pid);

/// `demo-app (pid 812) and sqlite3 (pid 930)`, "" for none.
std::string describe(const std::vector<Holder>& holders);

}  // namespace playbook
