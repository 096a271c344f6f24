// XChaCha20-Poly1305, which OpenSSL lacks, from libsodium: found at run time, because one scheme of one application needs it.
#pragma once

#include <sodium/crypto_aead_xchacha20poly1305.h>

namespace playbook {

using XChaChaOpen = decltype(&crypto_aead_xchacha20poly1305_ietf_decrypt);

/// The function, or null where libsodium is not installed. Loaded and initialised at the first call, once in a process.
XChaChaOpen xchacha_open();

}  // namespace playbook
