// What libplaybook-archive.so offers: tar archives by libarchive, in a library of its own that is loaded when a tree is first backed up,
// because libarchive brings others along. Only standard types cross, nothing throws across: a function gives what went wrong, "" for
// nothing. The format is pax with SCHILY.xattr and GNU.sparse headers, which GNU tar restores.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/backup/tree_entry.h"

namespace playbook {

class TarWriter {
 public:
  virtual ~TarWriter() = default;
  virtual std::string begin(const TreeEntry& entry) = 0;
  /// Content of a file, holes as zeros; as many bytes as `size` says.
  virtual std::string write(std::string_view content) = 0;
  virtual std::string finish() = 0;
  std::string bytes;  ///< of the archive so far; the caller takes them
};

/// The next bytes of an archive, valid until the next call; empty at the end, none when they cannot be had.
using TarFeed = std::function<std::optional<std::string_view>()>;

struct TarBlock {
  std::string_view bytes;  ///< empty at the end of the file
  std::uint64_t offset = 0;
};

class TarReader {
 public:
  virtual ~TarReader() = default;
  /// The next entry; its path is "" again for the root. At the end `ended` is true.
  virtual std::string next(TreeEntry& entry, bool& ended) = 0;
  virtual std::string read(TarBlock& block) = 0;
};

/// Makes a tree in an empty folder. Folders get their times and modes last.
class TreeMaker {
 public:
  virtual ~TreeMaker() = default;
  virtual std::string begin(const TreeEntry& entry) = 0;
  virtual std::string write(const TarBlock& block) = 0;
  virtual std::string end_entry() = 0;
  virtual std::string finish() = 0;
};

class ArchiveModule {
 public:
  virtual ~ArchiveModule() = default;
  virtual std::unique_ptr<TarWriter> write_tar() const = 0;
  virtual std::unique_ptr<TarReader> read_tar(TarFeed feed) const = 0;
  /// `root` has no symlinks in it. `owners`: give files to whom they belonged, which root may.
  virtual std::unique_ptr<TreeMaker> make_tree(const std::string& root, bool owners) const = 0;
};

/// The symbol that the library exports.
constexpr const char* kArchiveModuleSymbol = "playbook_archive_module_1";

/// Loads it at the first call. Throws `process.missing`, with what to install.
const ArchiveModule& archive_module();

}  // namespace playbook
