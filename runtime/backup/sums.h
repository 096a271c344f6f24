// SHA256SUMS of a backup set: every file but itself and attestations.jsonl, in the format of sha256sum(1), sorted by name.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace playbook {

constexpr std::string_view kSumsFile = "SHA256SUMS";
constexpr std::string_view kManifestFile = "manifest.json";
constexpr std::string_view kInstructionsFile = "RESTORE.md";
constexpr std::string_view kAttestationsFile = "attestations.jsonl";

using Sums = std::map<std::string, std::string>;  ///< file -> hex SHA-256

std::string render_sums(const Sums& sums);
/// Accepts exactly what `render_sums` writes, so that no byte of it can change unseen. Throws `backup.corrupt`.
Sums parse_sums(std::string_view text);

}  // namespace playbook
