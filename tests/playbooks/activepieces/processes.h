// The stand-in Activepieces as plain processes, for the crash matrix and for faults: a stand-in `docker` command, a real PostgreSQL of the
// tests' own, no containers. 0.83.0 is good, and knows one migration more than 0.82.9; 0.83.2 fails to migrate; 0.83.3 migrates and then
// crashes.
#pragma once

#include <filesystem>
#include <string>

#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing::pieces {

/// From 0.82.1, which runs. Sets PATH and STAND_IN_DOCKER of this process.
Scenario upgrade_of_processes(const std::string& to);
/// The same of one container whose database is a folder that says of itself what PGlite's does.
Scenario pglite_upgrade(const std::string& to);
/// From 0.83.0 back to 0.82.9, which the vendor's command reaches.
Scenario rollback_by_command();
/// A set of 0.82.1 that is restored where nothing else is left of it.
Scenario anew(bool pglite);
/// The database of an instance, in the tests' cluster.
std::string database_name(const std::filesystem::path& instance);

}  // namespace playbook::testing::pieces
