// RESTORE.md: how a person brings this very set back with standard tools alone (law 5). A test runs its commands.
#pragma once

#include <filesystem>
#include <string>

#include "runtime/backup/manifest.h"
#include "runtime/backup/source.h"

namespace playbook {

std::string restore_instructions(const std::filesystem::path& set, const Manifest& manifest, const SourceRegistry& sources);

}  // namespace playbook
