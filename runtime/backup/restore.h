// Brings a backup set back, or says what that would take away.
#pragma once

#include <string>
#include <vector>

#include "runtime/backup/set.h"

namespace playbook {

/// The named sources of a set, all of them when `only` is empty. Throws `argument.invalid` with "did you mean".
std::vector<const StoredSource*> chosen_sources(const BackupSet& set, const std::vector<std::string>& only);

/// Verifies the set (against `expected_digest` where that is known), asks every source whether it can be restored now, and only then
/// restores one after the other. Repeated, it goes on where it was and gives the same. `{type="backup.restored", set, sources=[...],
/// kept=[path]}`.
Json restore_set(const BackupSet& set, const std::string& expected_digest, const std::vector<std::string>& only,
                 const SourceRegistry& sources, Work& work);

/// Restores into scratch, compares, and writes an attestation.
Json rehearse_set(const BackupSet& set, const std::string& expected_digest, const SourceRegistry& sources, Work& work,
                  const Json& attestation);

/// Lines that say how the present differs from the set; none when it is equal.
std::vector<std::string> differences(const BackupSet& set, const std::vector<std::string>& only, const SourceRegistry& sources, Work& work);

/// What a restore would take away: `{equal, text, sources=[{name, type, items=[{what, added, removed, changed}]}]}`. `added` is lost for
/// good.
Json loss_of(const BackupSet& set, const std::vector<std::string>& only, const SourceRegistry& sources, Work& work);

}  // namespace playbook
