// Which backup sets may go. What is kept is kept for a reason that can be said.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backup/set.h"

namespace playbook {

struct Retention {
  std::optional<std::uint64_t> count;       ///< this many of the newest stay
  std::optional<std::chrono::seconds> age;  ///< what is younger stays
};

struct KeptSet {
  std::string name;
  std::string why;  ///< `one of the 3 newest`, `needed by run ...`
};

struct Pruning {
  std::vector<BackupSet> remove;  ///< oldest first
  std::vector<KeptSet> kept;      ///< oldest first
};

/// Sets of other instances, those that cannot be read, those that a run needs and the newest one that was rehearsed stay whatever the
/// rules.
Pruning choose_prunable(const std::vector<ListedSet>& sets, const std::filesystem::path& instance, const Retention& retention, Utc now,
                        const std::function<std::vector<std::string>(const std::filesystem::path&)>& needed_by);

}  // namespace playbook
