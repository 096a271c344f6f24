// Where the parts of an installed or just built playbook lie, seen from the executable.
#pragma once

#include <filesystem>

#include "bindings/api/playbook.h"
#include "bindings/cli/host_options.h"

namespace playbook::cli {

/// The folder of the running executable.
std::filesystem::path executable_folder();

/// Library: --library, else ../share/playbook, else the nearest folder above that holds stdlib/ and playbooks/ (a build tree).
/// Guardian: beside the executable, else ../libexec/playbook. Throws `file.missing` where there is none.
RuntimeOptions installation(const std::filesystem::path& folder, const HostOptions& host);

}  // namespace playbook::cli
