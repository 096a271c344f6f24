// What a restore replaces is kept beside, until the operator lets it go: how it is called, and how a file gets its owner and mode back.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "runtime/base/json.h"

namespace playbook {

/// `<file>.replaced-<set>`, with `-2`, `-3`, ... when that is taken by something else than `file` itself.
std::filesystem::path kept_name(const std::filesystem::path& file, const std::string& set);

/// What a path leads to in the end, so that a link stays one when its file is replaced; itself where it leads nowhere yet.
std::filesystem::path through_links(const std::filesystem::path& path);

/// Makes `kept_name` another name of `file` and gives it, synced. Repeated, it finds what it made.
std::filesystem::path keep(const std::filesystem::path& file, const std::string& set);

/// Gives `file` the new name `name` beside its own; where the file system knows no hard links, makes a synced copy. The folder is not
/// synced.
void link_or_copy(const std::filesystem::path& file, const std::filesystem::path& name);

/// Do both names lead to one file?
bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

/// A name beside `target` for what will replace it; whatever has that name is removed with this object (after a rename there is nothing
/// left to remove).
class FreshFile {
 public:
  FreshFile(const std::filesystem::path& target, const std::string& set);
  ~FreshFile();
  FreshFile(const FreshFile&) = delete;
  FreshFile& operator=(const FreshFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `{uid, gid, mode="0640", mtime="1763709229.123456789"}`
Json attributes_of(const std::filesystem::path& file);
/// Gives owner and mode to `file`; throws `file.denied` where this user may not.
void apply_attributes(const std::filesystem::path& file, const Json& attributes);
/// Sets only the modification time.
void apply_time(const std::filesystem::path& file, const Json& attributes);

}  // namespace playbook
