// A tree of files as two parts of a set: `<name>.tar.zst`, which GNU tar restores, and `<name>.files.jsonl.zst`, its listing. What
// directories and volumes share.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/backup/source.h"
#include "runtime/backup/tree_listing.h"

namespace playbook {

struct Tree {
  std::string label;                  ///< for errors: `directory /srv/app/stacks`
  std::filesystem::path root;         ///< without symlinks
  std::vector<std::string> excluded;  ///< printable paths below it
  bool live = false;                  ///< taken even when it is changed meanwhile, which is reported
};

/// Bytes of the files in it. Throws `file.denied` with all that cannot be read.
std::uint64_t measure_tree(const Tree& tree, Work& work);

/// Writes both parts. State: {files, folders, bytes, owners=["uid:gid"], skipped=[sockets], changes=[what was changed meanwhile]}. Throws
/// `file.denied`, and `file.changed` where the tree is not live and did not stand still.
Json store_tree(const Tree& tree, const std::string& name, SetWriter& writer, Work& work);

/// What the two parts are called.
std::string archive_name(const std::string& name);
std::string listing_name(const std::string& name);

/// Reads an archive in `folder`: each entry in its order, with its digest. Throws `backup.corrupt`, also for entries in another order than
/// that of TreeWalk.
void list_archive(const std::filesystem::path& folder, const Part& part, Work& work,
                  const std::function<void(const TreeEntry& entry, const Listed& line)>& each);

/// Throws `file.changed` where something was changed while it was read and the tree is not live.
void expect_unchanged(const Tree& tree, const std::vector<std::string>& changes);
/// As many of them as a manifest keeps.
std::vector<std::string> remembered(std::vector<std::string> changes);

/// Reads both parts against each other. Throws `backup.corrupt`.
void check_tree(const Stored& stored, Work& work);

/// Makes the tree as the folder `to`, which is not there yet, synced, and compares it with the listing. Only root gives files to others.
void extract_tree(const Stored& stored, const std::filesystem::path& to, Work& work);

/// The listing of a tree as it is now, content included; what vanishes meanwhile is left out.
NextListed present_listing(const Tree& tree, Work& work);
/// The listing in the set.
NextListed stored_listing(const Stored& stored, Work& work);

/// `changed`, with how it differs, or what is `added` or `removed` by now.
struct TreeDifference {
  enum class Kind { added, removed, changed } kind = Kind::changed;
  std::string path;  ///< "" is the root
  std::string what;  ///< ends a sentence: `is new`, `is gone`, `has another content`
};
std::vector<TreeDifference> differences(const NextListed& then, const NextListed& now, Likeness likeness);

}  // namespace playbook
