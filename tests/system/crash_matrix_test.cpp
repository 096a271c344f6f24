#include <iostream>

#include "tests/support/catch.h"
#include "tests/support/matrix/notes.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

void check(const Scenario& scenario, const MatrixOptions& options) {
  MatrixReport report = run_crash_matrix(scenario, options);
  std::cout << "crash matrix, " << scenario.name << ": " << report.killed << " of " << report.instants << " instants killed, "
            << report.broken.size() << " broken\n";
  for (const auto& [name, count] : report.by_name) std::cout << "  " << count << " " << name << "\n";
  std::string broken;
  for (const std::string& line : report.broken) broken += line + "\n";
  CHECK(broken == "");
  CHECK(report.instants > 30);
}

}  // namespace

TEST_CASE("a run that is killed at any instant of the way forward ends in the new state after resume", "[matrix]") {
  check(notes_upgrade("2"), {});
}

TEST_CASE("a run that is killed at any instant of the way back ends in the old state after resume", "[matrix]") {
  Scenario bad = notes_upgrade("3");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  check(bad, {});
}

TEST_CASE("a run that is killed at any instant of the way forward ends in the old state after rollback", "[matrix]") {
  MatrixOptions options;
  options.roll_back = true;
  check(notes_upgrade("2"), options);
}

TEST_CASE("a run whose resume is killed too ends in the new state", "[matrix]") {
  MatrixOptions options;
  options.kill_twice = true;
  options.every = 3;
  check(notes_upgrade("2"), options);
}
