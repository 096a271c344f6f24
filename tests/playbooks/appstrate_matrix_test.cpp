// appstrate/upgrade killed at its instants, over processes instead of containers: a sample always, every instant with --all.
#include <iostream>

#include "tests/playbooks/appstrate/processes.h"
#include "tests/support/catch.h"

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

Scenario failing_upgrade(const std::string& to) {
  Scenario scenario = appstrate_upgrade(to);
  scenario.ends = "old";
  scenario.kill_on_the_way_back = true;
  return scenario;
}

MatrixOptions every(int n, bool roll_back = false) {
  MatrixOptions options;
  options.every = n, options.seed = 2, options.roll_back = roll_back;
  return options;
}

}  // namespace

TEST_CASE("appstrate/upgrade holds at a sample of instants, forward and back", "[matrix]") {
  check(appstrate_upgrade("1.0.0-beta.51"), every(24));
  check(appstrate_upgrade("1.0.0-beta.51"), every(24, true));
  check(failing_upgrade("1.0.0-beta.50"), every(12));
}

TEST_CASE("appstrate/upgrade holds at every instant, forward and back", "[.][matrix][exhaustive]") {
  check(appstrate_upgrade("1.0.0-beta.51"), {});
  check(appstrate_upgrade("1.0.0-beta.51"), every(1, true));
  for (const char* release : {"1.0.0-beta.50", "1.0.0-beta.49"}) check(failing_upgrade(release), {});
}
