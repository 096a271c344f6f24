#include "tests/support/matrix/check.h"
#include "tests/support/matrix/notes.h"
#include "tests/support/matrix/shop.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("a run that is killed at any instant of the way forward ends in the new state after resume", "[matrix]") {
  check_crash_matrix(notes_upgrade("2"), {});
}

TEST_CASE("a run that is killed at any instant of the way back ends in the old state after resume", "[matrix]") {
  Scenario bad = notes_upgrade("3");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  check_crash_matrix(bad, {});
}

TEST_CASE("a run that is killed at any instant of the way forward ends in the old state after rollback", "[matrix]") {
  MatrixOptions options;
  options.roll_back = true;
  check_crash_matrix(notes_upgrade("2"), options);
}

TEST_CASE("a run whose resume is killed too ends in the new state", "[matrix]") {
  MatrixOptions options;
  options.kill_twice = true;
  options.every = 3;
  check_crash_matrix(notes_upgrade("2"), options);
}

// The demo's own playbook: a sample of the instants in every run of the tests, all of them with --all.
TEST_CASE("demo/upgrade holds at a sample of instants, forward and back", "[matrix]") {
  MatrixOptions options;
  options.every = 9;
  check_crash_matrix(shop_upgrade("1.1"), options);
  Scenario bad = shop_upgrade("2.0");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  options.every = 7;
  check_crash_matrix(bad, options);
}

TEST_CASE("demo/upgrade holds at every instant, forward and back", "[.][matrix][exhaustive]") {
  check_crash_matrix(shop_upgrade("1.1"), {});
  MatrixOptions rolled_back;
  rolled_back.roll_back = true;
  check_crash_matrix(shop_upgrade("1.1"), rolled_back);
  for (const char* version : {"2.0", "2.1"}) {
    Scenario bad = shop_upgrade(version);
    bad.ends = "old";
    bad.kill_on_the_way_back = true;
    check_crash_matrix(bad, {});
  }
}
