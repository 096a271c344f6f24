#include "runtime/backup/libarchive.h"

#include <dlfcn.h>

#include <string>
#include <type_traits>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr const char* kLibrary = "libarchive.so.13";

Libarchive load() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library) throw Error(Code::process_missing, std::string("libarchive cannot be loaded: ") + dlerror(), "`apt install libarchive13`");
  Libarchive functions;
  auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (!function)
      throw Error(Code::process_missing, std::string(kLibrary) + " has no function " + name, "install libarchive 3.6 or newer");
  };
#define PLAYBOOK_LIBARCHIVE_FIND(name) find(#name, functions.name);
  PLAYBOOK_LIBARCHIVE_FUNCTIONS(PLAYBOOK_LIBARCHIVE_FIND)
#undef PLAYBOOK_LIBARCHIVE_FIND
  return functions;
}

}  // namespace

const Libarchive& libarchive() {
  static const Libarchive loaded = load();
  return loaded;
}

}  // namespace playbook
