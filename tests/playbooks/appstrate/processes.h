// The stand-in Appstrate as plain processes, for the crash matrix: a stand-in `docker` command, a real PostgreSQL of the tests' own, no
// containers. 1.0.0-beta.51 is good, as is 1.0.0-beta.42 with the migrations of 1.0.0-beta.41; 1.0.0-beta.50 fails to
// migrate; 1.0.0-beta.49 migrates and then crashes.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing {

/// Sets PATH and STAND_IN_DOCKER of this process.
Scenario appstrate_upgrade(const std::string& to);
/// A set of 1.0.0-beta.41 that is restored where nothing else is left of it.
Scenario appstrate_anew();
/// From 1.0.0-beta.51, back to the set that its upgrade made.
Scenario appstrate_rollback();
/// The database of an instance, in the tests' cluster.
std::string database_of(const std::filesystem::path& instance);

}  // namespace playbook::testing
