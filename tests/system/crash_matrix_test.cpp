#include "tests/support/matrix/check.h"
#include "tests/support/matrix/notes.h"
#include "tests/support/matrix/shop.h"

using namespace playbook;
using namespace playbook::testing;

TEST_CASE("a run that is killed at any instant of the way forward ends in the new state after resume", "[matrix]") {
  check_crash_matrix(notes_upgrade("2"), {});
}

namespace {

/// The other ways on from a kill than a plain resume: of every n-th instant.
void check_other_ways(int every) {
  MatrixOptions options;
  options.every = every;
  Scenario bad = notes_upgrade("3");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  check_crash_matrix(bad, options);
  options.roll_back = true;
  check_crash_matrix(notes_upgrade("2"), options);
  options.roll_back = false;
  options.kill_twice = true;
  check_crash_matrix(notes_upgrade("2"), options);
}

}  // namespace

TEST_CASE("killed on the way back, rolled back after a kill, killed again on resume: it ends where it should, at a sample of instants",
          "[matrix]") {
  check_other_ways(3);
}

TEST_CASE("killed on the way back, rolled back after a kill, killed again on resume: it ends where it should, at every instant",
          "[.][matrix][exhaustive]") {
  check_other_ways(1);
}

// The demo's own playbook: a sample of the instants in every run of the tests, all of them with --all.
TEST_CASE("demo/upgrade holds at a sample of instants, forward and back", "[matrix]") {
  MatrixOptions options;
  options.every = 18;
  check_crash_matrix(shop_upgrade("1.1"), options);
  Scenario bad = shop_upgrade("2.0");
  bad.ends = "old";
  bad.kill_on_the_way_back = true;
  options.every = 14;
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
