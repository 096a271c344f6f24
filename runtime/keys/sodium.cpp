#include "runtime/keys/sodium.h"

#include <dlfcn.h>

namespace playbook {
namespace {

XChaChaOpen load() {
  void* library = dlopen("libsodium.so.23", RTLD_NOW | RTLD_LOCAL);
  if (!library) return nullptr;
  auto init = reinterpret_cast<int (*)()>(dlsym(library, "sodium_init"));
  if (!init || init() < 0) return nullptr;
  return reinterpret_cast<XChaChaOpen>(dlsym(library, "crypto_aead_xchacha20poly1305_ietf_decrypt"));
}

}  // namespace

XChaChaOpen xchacha_open() {
  static const XChaChaOpen loaded = load();
  return loaded;
}

}  // namespace playbook
