// The listing of a tree, in the order of TreeWalk: what each name is, how large, whose, and the digest of its content. Stored beside the
// archive as one line of canonical JSON for each name, so that two trees, or a tree and an archive, are compared name by name in one pass
// without holding either:
//
//   {"path":"a/b","kind":"file","mode":"0644","uid":1000,"gid":1000,"mtime":"1763709229.123456789","size":12,"sha256":"..."}
//
// The root has the path "". Symlinks have `target`, later names of one file `same` instead of size and sha256, devices `device`, and what
// has extended attributes `xattrs`, a digest of them. Paths are printable ones.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/backup/part.h"
#include "runtime/backup/tree_entry.h"
#include "runtime/base/json.h"

namespace playbook {

struct Listed {
  std::string path;
  Json facts;  ///< all but the path
};

/// `sha256` for files that have content of their own.
Listed listed(const TreeEntry& entry, const std::string& path, const std::string& sha256);
std::string to_line(const Listed& one);

/// Reads lines as they come.
class ListingReader {
 public:
  /// `pieces`: as PartReader::next. `name` is for errors.
  ListingReader(std::function<std::string_view()> pieces, std::string name) : pieces_(std::move(pieces)), name_(std::move(name)) {}
  /// Nothing at the end. Throws `backup.corrupt`.
  std::optional<Listed> next();

 private:
  std::function<std::string_view()> pieces_;
  std::string name_, rest_;
  size_t at_ = 0;
};

/// How closely two names are compared.
enum class Likeness { all, no_times, no_owners_or_times, content };

/// What differs, as the end of a sentence (`has another content`), "" when nothing does.
std::string difference(const Json& then, const Json& now, Likeness likeness);

using NextListed = std::function<std::optional<Listed>()>;
/// Goes through both, side by side: `each(then, now)` gets what has the same path together, nullptr for what is missing on one side.
void side_by_side(const NextListed& then, const NextListed& now, const std::function<void(const Listed*, const Listed*)>& each);

}  // namespace playbook
