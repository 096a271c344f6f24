// appsmith/upgrade from 1.8.15 over 1.9.2 and 1.99 to 2.1, killed at its instants, over processes instead of containers: a sample always,
// every instant with --all. So are a rescue, a restore of an archive, and a switch of the edition.
#include "tests/playbooks/appsmith/processes.h"
#include "tests/support/matrix/check.h"

using namespace playbook;
using namespace playbook::testing;

namespace {

Scenario jump() { return appsmith::upgrade_scenario("1.8.15", "2.1"); }

Scenario failing() {
  Scenario scenario = appsmith::upgrade_scenario("1.95", "2.1.9");
  scenario.ends = "old";
  scenario.kill_on_the_way_back = true;
  return scenario;
}

}  // namespace

TEST_CASE("appsmith/upgrade over its checkpoints holds at one of its instants, forward and back", "[matrix]") {
  check_crash_matrix(jump(), every(450, false, 369));  // between the first two hops
  check_crash_matrix(failing(), every(80, false, 49));
}

TEST_CASE("appsmith/upgrade over its checkpoints holds at a sample of instants, forward and back", "[.][matrix][exhaustive]") {
  check_crash_matrix(jump(), every(110));
  check_crash_matrix(jump(), every(220, true));
  check_crash_matrix(failing(), every(50));
}

TEST_CASE("appsmith/rescue, restore and switch-edition hold at a sample of instants", "[.][matrix][exhaustive]") {
  for (const Scenario& scenario : {appsmith::rescue_scenario(), appsmith::restore_scenario(), appsmith::switch_scenario()})
    check_crash_matrix(scenario, every(60));
}

TEST_CASE("appsmith/rescue, restore and switch-edition hold at every instant, forward and back", "[.][matrix][exhaustive]") {
  for (const Scenario& scenario : {appsmith::rescue_scenario(), appsmith::restore_scenario(), appsmith::switch_scenario()}) {
    check_crash_matrix(scenario, {});
    check_crash_matrix(scenario, every(1, true));
  }
}

TEST_CASE("appsmith/upgrade over its checkpoints holds at every instant, forward and back", "[.][matrix][exhaustive]") {
  check_crash_matrix(jump(), {});
  check_crash_matrix(jump(), every(1, true));
  check_crash_matrix(failing(), {});
}
