#include "bindings/cli/installation.h"

namespace playbook::cli {
namespace {

namespace fs = std::filesystem;

bool is_library(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "stdlib", ignored) && fs::is_directory(folder / "playbooks", ignored);
}

fs::path find_library(const fs::path& folder) {
  const fs::path installed = (folder / "../share/playbook").lexically_normal();
  if (is_library(installed)) return installed;
  const fs::path source = folder.parent_path();
  if (is_library(source)) return source;
#ifdef PLAYBOOK_SOURCE_LIBRARY
  if (is_library(PLAYBOOK_SOURCE_LIBRARY) && fs::exists(folder / "CMakeCache.txt"))
    return PLAYBOOK_SOURCE_LIBRARY;  // a build folder elsewhere
#endif
  throw Error(Code::file_missing, "the library of playbooks is neither " + installed.string() + " nor " + source.string(),
              "name the folder that holds stdlib/ and playbooks/ with --library DIR");
}

}  // namespace

fs::path executable_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path();
}

RuntimeOptions installation(const fs::path& folder, const HostOptions& host) {
  RuntimeOptions options;
  options.library.push_back(host.library.empty() ? find_library(folder) : fs::absolute(host.library));
  const fs::path beside = folder / "playbook-guardian";
  options.guardian = fs::exists(beside) ? beside : (folder / "../libexec/playbook/playbook-guardian").lexically_normal();
  if (!host.state.empty()) options.state = fs::absolute(host.state);
  return options;
}

}  // namespace playbook::cli
