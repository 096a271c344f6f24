// Where the text of playbooks and modules comes from: the library and the playbook's own folder for a new run, the run's snapshot for a
// resumed one.
//   module `demo`         -> demo.lua, demo/init.lua    in: the playbook's folder, LIBRARY/stdlib, LIBRARY/playbooks
//   module `demo.upgrade` -> demo/upgrade.lua
//   data   `demo/x.json`  -> the same places
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bindings/lua/program.h"

namespace playbook {

/// In the snapshot, keyed by what asks for it: `playbook`, `module demo.upgrade`, `data demo/releases.json`.
using Snapshot = std::map<std::string, SourceText>;

class LibrarySources final : public Sources {
 public:
  LibrarySources(std::vector<std::filesystem::path> library, std::filesystem::path own_folder);

  std::optional<SourceText> module(const std::string& name) override;
  std::optional<SourceText> data(const std::string& path) override;
  std::vector<std::string> module_names() override;

  /// Everything that was loaded, and all else in the folders that it came from: what a way back may need next week.
  Snapshot snapshot() const;

 private:
  struct Root {
    std::filesystem::path folder;
    std::string shown;  ///< prefix in errors
  };
  std::optional<SourceText> load(const std::string& key, const std::string& relative);
  void add_folder(Snapshot& snapshot, const Root& root, const std::filesystem::path& folder) const;

  std::vector<Root> roots_;
  std::map<std::string, std::pair<size_t, SourceText>> loaded_;  // key -> root, source
};

class SnapshotSources final : public Sources {
 public:
  /// `beside`: asked for what the snapshot does not have, where that is wanted.
  explicit SnapshotSources(Snapshot snapshot, Sources* beside = nullptr) : snapshot_(std::move(snapshot)), beside_(beside) {}

  std::optional<SourceText> module(const std::string& name) override;
  std::optional<SourceText> data(const std::string& path) override;
  std::vector<std::string> module_names() override;

 private:
  Snapshot snapshot_;
  Sources* beside_;
};

/// A playbook by shipped name (`demo/upgrade`) or path. Throws name.unknown with "did you mean", file.missing.
struct PlaybookFile {
  std::filesystem::path file;
  SourceText source;
};
PlaybookFile find_playbook(const std::vector<std::filesystem::path>& library, const std::string& name_or_file);
/// Names of the shipped playbooks: files below LIBRARY/playbooks that define one.
std::map<std::string, std::filesystem::path> shipped_playbooks(const std::vector<std::filesystem::path>& library);

}  // namespace playbook
