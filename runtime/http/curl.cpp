#include "runtime/http/curl.h"

#include <dlfcn.h>

#include <string>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr const char* kLibrary = "libcurl.so.4";

template <typename Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (!function) throw Error(Code::http_failed, std::string(kLibrary) + " has no function " + name, "install libcurl 7.88 or newer");
}

Curl load() {
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw Error(Code::http_failed, std::string("HTTP needs libcurl, which cannot be loaded: ") + dlerror(), "`apt install libcurl4`");
  Curl functions;
#define PLAYBOOK_CURL_FIND(name) find(library, "curl_" #name, functions.name);
  PLAYBOOK_CURL_FUNCTIONS(PLAYBOOK_CURL_FIND)
#undef PLAYBOOK_CURL_FIND
  decltype(&curl_global_init) global_init = nullptr;
  find(library, "curl_global_init", global_init);
  if (CURLcode code = global_init(CURL_GLOBAL_DEFAULT))
    throw Error(Code::http_failed, std::string("libcurl cannot start: ") + functions.easy_strerror(code));
  return functions;
}

}  // namespace

const Curl& curl() {
  static const Curl loaded = load();
  return loaded;
}

}  // namespace playbook
