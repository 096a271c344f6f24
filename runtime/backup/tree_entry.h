// One name in a tree of files: what a folder, a tar archive and a listing know about it. Plain data.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace playbook {

enum class EntryKind { folder, file, symlink, pipe, character_device, block_device, socket };

struct TreeEntry {
  std::string path;  ///< bytes, relative to the root of the tree; "" is the root itself
  EntryKind kind = EntryKind::file;
  mode_t mode = 0;  ///< the permission bits alone, 07777
  uid_t uid = 0;
  gid_t gid = 0;
  std::uint64_t size = 0;                                     ///< of files
  std::int64_t seconds = 0;                                   ///< modification time, Unix
  long nanoseconds = 0;                                       ///< modification time
  std::string target;                                         ///< of symlinks
  std::string same_as;                                        ///< of a hard link: the path that this file had before in the same tree
  unsigned major = 0, minor = 0;                              ///< of devices
  std::map<std::string, std::string> xattrs;                  ///< extended attributes, POSIX access lists among them
  std::vector<std::pair<std::uint64_t, std::uint64_t>> data;  ///< offset and length of what is no hole; empty: there are no holes
};

}  // namespace playbook
