#include "runtime/backup/pglite.h"

#include <array>
#include <cstring>

#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/database/holders.h"

namespace playbook {

namespace fs = std::filesystem;

std::vector<fs::path> clusters_in(const fs::path& root) {
  std::vector<fs::path> found;
  auto look = [&](const fs::path& folder) {
    std::error_code error;
    if (fs::exists(folder / "PG_VERSION", error) && fs::exists(folder / "global" / "pg_control", error)) found.push_back(folder);
  };
  look(root);
  std::error_code error;
  constexpr auto kOptions = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(root, kOptions, error), end; !error && entry != end; entry.increment(error))
    if (entry->is_directory() && !entry->is_symlink()) look(entry->path());
  return found;
}

std::string cluster_state(const fs::path& cluster) {
  constexpr std::array kStates = {"starting up",       "shut down",           "shut down in recovery", "shutting down",
                                  "in crash recovery", "in archive recovery", "in production"};
  std::string control = read_file(cluster / "global" / "pg_control");
  std::uint32_t state = 0;
  if (control.size() >= 20) std::memcpy(&state, control.data() + 16, sizeof state);
  return control.size() < 20 || state >= kStates.size() ? "unrecognized" : kStates[state];
}

std::string expect_shut_down(const fs::path& cluster) {
  std::string label = "PGlite database " + cluster.string();
  TreeHolders held = holders_of_tree(cluster);
  if (!held.holders.empty())
    throw Error(Code::postgres_locked, label + " is in use by " + describe(held.holders), "stop the application, then try again");
  if (held.unseen > 0)
    throw Error(Code::postgres_locked,
                label + " may be in use: " + std::to_string(held.unseen) + " processes of other users may not be looked at",
                "run it as root");
  std::string state = cluster_state(cluster);
  if (state != "shut down")
    throw Error(Code::postgres_failed, label + " was not shut down cleanly: its state is \"" + state + "\"",
                "start the application, wait until it is ready, and stop it with enough time to end by itself");
  return std::string(trim(read_file(cluster / "PG_VERSION")));
}

}  // namespace playbook
