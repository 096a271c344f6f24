// What sources of trees have in common: all but where the tree is and how it is called. Derived by the kinds `directory` and `volume`.
#pragma once

#include "runtime/backup/source.h"
#include "runtime/backup/tree_archive.h"

namespace playbook {

class TreeSource : public Source {
 public:
  bool reads_beside(const Json& spec) const override { return !spec.contains("helper"); }
  std::uint64_t estimate(const Json& spec, Work& work) const override;
  Json create(const Json& spec, SetWriter& writer, Work& work) const override;
  bool recognizes(const std::filesystem::path& copy) const override;
  Json import(const Json& spec, const std::filesystem::path& copy, SetWriter& writer, Work& work) const override;
  std::vector<std::string> warnings(const StoredSource& source) const override;
  void verify(const Stored& stored, Work& work) const override;
  Json rehearse(const Stored& stored, Work& work) const override;
  void check_restore(const Stored& stored, Work& work) const override;
  Json restore(const Stored& stored, Work& work) const override;
  std::vector<std::string> differences(const Stored& stored, Work& work) const override;
  Json loss(const Stored& stored, Work& work) const override;
  std::string instructions(const Stored& stored) const override;

 protected:
  /// Where the tree of a complete spec is; the folder need not be there.
  virtual Tree tree_of(const Json& spec, Work& work) const = 0;
  /// The same for what `instructions` says, by what is in the set alone.
  virtual std::string root_by_hand(const Stored& stored) const = 0;
};

/// Checks and completes `exclude` (paths below the root) and `live` of a spec. Throws `argument.invalid`.
void complete_tree_spec(const Json& spec, Json& complete);

}  // namespace playbook
