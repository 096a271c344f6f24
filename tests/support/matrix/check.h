// Runs a crash matrix as a part of a test: prints what was killed, and fails where anything broke.
#pragma once

#include <iostream>

#include "tests/support/catch.h"
#include "tests/support/matrix/crash_matrix.h"

namespace playbook::testing {

inline void check_crash_matrix(const Scenario& scenario, const MatrixOptions& options) {
  MatrixReport report = run_crash_matrix(scenario, options);
  std::cout << "crash matrix, " << scenario.name << ": " << report.killed << " of " << report.instants << " instants killed, "
            << report.broken.size() << " broken\n";
  for (const auto& [name, count] : report.by_name) std::cout << "  " << count << " " << name << "\n";
  std::string broken;
  for (const std::string& line : report.broken) broken += line + "\n";
  CHECK(broken == "");
  CHECK(report.instants > 30);
}

}  // namespace playbook::testing
