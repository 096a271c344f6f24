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

/// `demo-app (pid 812) and sqlite3 (pid 930)`, "" for none.
std::string describe(const std::vector<Holder>& holders);

}  // namespace playbook
