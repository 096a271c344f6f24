// Runs a playbook once to count the instants at which a power cut could matter, then once for each of them: the process is killed there
// with SIGKILL, the run is taken up again by another process, and the instance is judged. Instants are generated: every journal write
// (before and after), every instant that a primitive names, every event that leaves the engine while a primitive works. A family plugs in
// with a Scenario.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bindings/api/playbook.h"

namespace playbook::testing {

struct Scenario {
  std::string name;
  std::string playbook;  ///< shipped name or path
  Json params = Json::object();
  std::vector<std::string> accepts;  ///< dangers by name
  std::vector<std::filesystem::path> library;
  std::function<void(const std::filesystem::path& instance)> prepare;       ///< lays out the old state
  std::function<std::string(const std::filesystem::path& instance)> judge;  ///< "old", "new", or what is mixed
  std::function<void(const std::filesystem::path& instance)> clean;         ///< ends what the instance runs; may be empty
  std::string ends = "new";                                                 ///< where the run ends when nothing is killed
  int slack = 0;  ///< instants that a run may have less than the one that was counted, where it waits for others and says so a few times
  bool kill_on_the_way_back = false;  ///< count only instants after the run turned back
};

struct MatrixOptions {
  int every = 1;  ///< 1: exhaustive; n: a sample of every n-th, begun at `seed` % n
  int seed = 0;
  int workers = 2;
  bool kill_twice = false;  ///< the first resume is killed too, after half as many instants
  bool roll_back = false;   ///< after the kill the operator asks for the old state
  int instants = 0;         ///< that exist, where an earlier count is to be trusted; 0: a run without a kill counts them
};

/// A sample of every n-th instant.
inline MatrixOptions every(int n, bool roll_back = false, int seed = 2) {
  MatrixOptions options;
  options.every = n, options.seed = seed, options.roll_back = roll_back;
  return options;
}

struct MatrixReport {
  int instants = 0;                    ///< that exist
  int killed = 0;                      ///< tried
  std::map<std::string, int> by_name;  ///< instants by name
  std::vector<std::string> broken;     ///< what did not hold, one line each
};

MatrixReport run_crash_matrix(const Scenario& scenario, const MatrixOptions& options = {});

}  // namespace playbook::testing
