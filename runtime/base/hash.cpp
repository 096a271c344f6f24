// OpenSSL's low-level functions, which 3.0 calls deprecated: EVP reaches the same code, after loading configuration and providers, which is
// a fifth of the time in which an empty playbook runs.
#define OPENSSL_API_COMPAT 10100
#include "runtime/base/hash.h"

#include <openssl/sha.h>

namespace playbook {

struct Sha256::State {
  SHA256_CTX context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) { SHA256_Init(&state_->context); }
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { SHA256_Update(&state_->context, bytes.data(), bytes.size()); }

std::string Sha256::finish() {
  unsigned char raw[SHA256_DIGEST_LENGTH];
  SHA256_Final(raw, &state_->context);
  std::string hex;
  hex.reserve(sizeof raw * 2);
  for (unsigned char byte : raw) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace playbook
