// appstrate/upgrade killed at its instants, over processes instead of containers: a sample always, every instant with --all.
#include "tests/playbooks/appstrate/processes.h"
#include "tests/support/matrix/check.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

Scenario failing_upgrade(const std::string& to) {
  Scenario scenario = appstrate_upgrade(to);
  scenario.ends = "old";
  scenario.kill_on_the_way_back = true;
  return scenario;
}

}  // namespace

TEST_CASE("appstrate/upgrade holds at a sample of instants, forward and back", "[matrix]") {
  check_crash_matrix(appstrate_upgrade("1.0.0-beta.51"), every(48));
  check_crash_matrix(appstrate_upgrade("1.0.0-beta.51"), every(48, true));
  check_crash_matrix(failing_upgrade("1.0.0-beta.50"), every(24));
}

TEST_CASE("an Appstrate that is made anew of a backup set holds at one of its instants", "[matrix][anew]") {
  check_crash_matrix(appstrate_anew(), every(260));
}

TEST_CASE("an Appstrate that is made anew of a backup set holds at every instant", "[.][matrix][anew][exhaustive]") {
  check_crash_matrix(appstrate_anew(), {});
  check_crash_matrix(appstrate_anew(), every(1, true));
}

TEST_CASE("appstrate/rollback holds at a sample of instants", "[.][matrix][ways][exhaustive]") {
  check_crash_matrix(appstrate_rollback(), every(40, false, 17));
}

TEST_CASE("appstrate/rollback holds at every instant", "[.][matrix][exhaustive]") { check_crash_matrix(appstrate_rollback(), {}); }

TEST_CASE("appstrate/upgrade holds at every instant, forward and back", "[.][matrix][exhaustive]") {
  check_crash_matrix(appstrate_upgrade("1.0.0-beta.51"), {});
  check_crash_matrix(appstrate_upgrade("1.0.0-beta.51"), every(1, true));
  for (const char* release : {"1.0.0-beta.50", "1.0.0-beta.49"}) check_crash_matrix(failing_upgrade(release), {});
}
