#include "runtime/base/module.h"

#include <dlfcn.h>

#include <filesystem>

#include "runtime/base/error.h"

namespace playbook {

namespace fs = std::filesystem;

void* load_module(const std::string& library, const char* symbol, const std::string& purpose, const std::string& package) {
  std::error_code ignored;
  fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  void* loaded = nullptr;
  std::string problem;
  for (const fs::path& place : {folder, folder / "../lib/playbook", fs::path(PLAYBOOK_LIBRARY_FOLDER)}) {
    if (!fs::exists(place / library, ignored)) continue;
    loaded = dlopen((place / library).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!loaded) problem = std::string(": ") + dlerror();
    break;
  }
  if (!loaded)
    throw Error(Code::process_missing, purpose + " " + library + ", which cannot be loaded" + problem,
                problem.empty() ? "it belongs to playbook and lies beside it; install playbook again"
                                : "`apt install " + package + "` has what it needs");
  if (void* found = dlsym(loaded, symbol)) return found;
  throw Error(Code::process_missing, library + " is of another version than this program", "install playbook again");
}

}  // namespace playbook
