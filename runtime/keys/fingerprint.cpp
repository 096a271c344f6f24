#include "runtime/keys/fingerprint.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "runtime/base/error.h"
#include "runtime/keys/cipher.h"

namespace playbook {
namespace {

constexpr std::uint64_t kCost = 1 << 15, kBlockSize = 8, kParallel = 1, kMemory = 64u << 20;
constexpr size_t kSaltBytes = 16, kHashBytes = 32;

std::string fresh_salt() {
  std::string salt(kSaltBytes, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), static_cast<int>(salt.size())) != 1)
    throw Error(Code::internal, "OpenSSL has no random bytes");
  return salt;
}

std::string salt_of(const Json& like, const std::string& scheme, const std::string& key) {
  for (const Json& item : like) {
    if (get_or<std::string>(item, "scheme", "") != scheme || get_or<std::string>(item, "key", "") != key) continue;
    std::optional<std::string> salt = hex_decoded(get_or<std::string>(item, "salt", ""));
    if (salt && salt->size() == kSaltBytes) return *salt;
  }
  return fresh_salt();
}

}  // namespace

Json fingerprint_keys(const Scheme& scheme, const KeyTexts& texts, const Json& like) {
  Json all = Json::array();
  for (const KeyText& key : scheme.keys()) {
    if (!key.required || !texts.contains(key.name)) continue;
    const std::string salt = salt_of(like, scheme.name(), key.name);
    const std::string_view text = text_of(texts, key.name);
    std::string hash(kHashBytes, '\0');
    if (EVP_PBE_scrypt(text.data(), text.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), kCost, kBlockSize,
                       kParallel, kMemory, reinterpret_cast<unsigned char*>(hash.data()), hash.size()) != 1)
      throw Error(Code::internal, "OpenSSL cannot derive a fingerprint by scrypt");
    all.push_back({{"scheme", scheme.name()}, {"key", key.name}, {"salt", hex_encoded(salt)}, {"scrypt", hex_encoded(hash)}});
  }
  return all;
}

}  // namespace playbook
