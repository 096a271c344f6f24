// Is a backup set what it was when it was made? Every file is hashed and every part decoded to its end; each file that is damaged, cut
// short, missing, added or renamed is named. Edited sums are found when the caller knows the digest of SHA256SUMS (the journal does).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runtime/backup/source.h"

namespace playbook {

struct Finding {
  std::string file;
  std::string what;  ///< `is missing`, `was changed`, ...
};

enum class Depth {
  stored,   ///< digests of the files alone: for what decodes all parts next
  content,  ///< digests, and every part decodes to what was read
  deep,     ///< also each source looks into its parts (a database passes its integrity check)
};

/// Findings by file, none for a good set. `expected_digest`: of SHA256SUMS, "" where it is not known. Throws backup.newer, and
/// backup.corrupt where there is no manifest to go by.
std::vector<Finding> verify_set(const std::filesystem::path& path, const std::string& expected_digest, const SourceRegistry& sources,
                                Work& work, Depth depth = Depth::deep);

/// `app.sqlite.zst was changed, RESTORE.md is missing`
std::string describe(const std::vector<Finding>& findings);
/// `[{file, what}]`
Json to_json(const std::vector<Finding>& findings);

}  // namespace playbook
