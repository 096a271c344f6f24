// The stand-in site in a container that is built from a Dockerfile, behind the stand-in `docker` command: its image knows its release, and
// nothing else of what a real one would hold.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing::umbraco {

/// Makes a site that was laid out one of a compose project, with the service `site`, builds its image and starts it. Sets PATH and
/// STAND_IN_DOCKER of this process.
void contain(const std::filesystem::path& folder, int port);
/// Says to this engine what `docker ARGUMENTS` says, both streams.
std::string docker_in(const std::filesystem::path& folder, const std::string& arguments);

/// "16.4.1 running always": the release of the image that its container is made of, its state and its restart policy.
std::string contained_state(const std::filesystem::path& folder);

/// umbraco/upgrade; ends in the old state where the boot fails at the state `fail`.
Scenario contained_upgrade(const std::string& from, const std::string& to, const std::string& fail = "");

}  // namespace playbook::testing::umbraco
