// The demo shop as a scenario of the crash matrix: a real HTTP server on a real SQLite database, upgraded by the shipped demo/upgrade.
#pragma once

#include <string>

#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing {

/// From release 1.0 to `version`: 1.1 is good, 2.0 fails, 2.1 loses orders.
Scenario shop_upgrade(const std::string& version);

}  // namespace playbook::testing
