// The ciphers that schemes are made of, through OpenSSL: AES-256 with a key that is set up once, key derivation, and the texts in which
// ciphertext is stored. What is opened lies in a buffer of the cipher's own, and is overwritten by the next value and at the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/keys/secret_bytes.h"

struct evp_cipher_ctx_st;
struct evp_cipher_st;

namespace playbook {

class Aes256 {
 public:
  enum class Mode { cbc, gcm };
  /// `key` of 32 bytes.
  Aes256(Mode mode, const SecretBytes& key, size_t iv_bytes);
  ~Aes256();
  Aes256(const Aes256&) = delete;
  Aes256& operator=(const Aes256&) = delete;

  /// CBC: true where the PKCS#7 padding is right. GCM: where the tag is.
  bool open(std::string_view iv, std::string_view ciphertext, std::string_view tag = "");
  /// What the last `open` gave, until the next.
  std::string_view plain() const { return plain_.view(); }

 private:
  const Mode mode_;
  evp_cipher_st* const cipher_;
  evp_cipher_ctx_st* const context_;
  SecretBytes plain_;
};

/// PBKDF2 with HMAC-SHA1, 32 bytes.
SecretBytes pbkdf2_sha1(std::string_view password, std::string_view salt, int rounds);
SecretBytes sha256_bytes(std::string_view text);

std::string hex_encoded(std::string_view bytes);
/// Hex of either case, of even length; nothing for anything else.
std::optional<std::string> hex_decoded(std::string_view text);
/// Either alphabet, with or without padding, as Node reads it, white space left out; nothing for anything else.
std::optional<SecretBytes> base64_decoded(std::string_view text);

/// How likely `ciphertext` of so many bytes has right PKCS#7 padding and is UTF-8 once a wrong key has opened it: what both schemes without
/// a tag have to go by.
double padding_and_text_chance(size_t bytes);

}  // namespace playbook
