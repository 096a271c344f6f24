#include "runtime/keys/cipher.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

#include "runtime/base/error.h"

namespace playbook {
namespace {

constexpr size_t kBlock = 16;
constexpr size_t kLongestText = 512;  // longer ones come about by chance as never as this

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

[[noreturn]] void fail(const char* what) { throw Error(Code::internal, std::string("OpenSSL cannot ") + what); }

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Probabilities that so many random bytes are UTF-8: one byte of 128, or the counts of well-formed sequences of two, three and four bytes
// (Unicode 15, table 3-7).
std::vector<double> utf8_chances() {
  std::vector<double> chance(kLongestText + 1, 0);
  const std::array<double, 5> share{0, 128.0 / 256, 1920.0 / 65536, 61440.0 / 16777216, 1048576.0 / 4294967296.0};
  chance[0] = 1;
  for (size_t length = 1; length <= kLongestText; ++length)
    for (size_t last = 1; last <= 4 && last <= length; ++last) chance[length] += share[last] * chance[length - last];
  return chance;
}

}  // namespace

Aes256::Aes256(Mode mode, const SecretBytes& key, size_t iv_bytes)
    : mode_(mode),
      cipher_(EVP_CIPHER_fetch(nullptr, mode == Mode::cbc ? "AES-256-CBC" : "AES-256-GCM", nullptr)),
      context_(EVP_CIPHER_CTX_new()) {
  bool ready = cipher_ && context_ && key.size() == 32 && EVP_DecryptInit_ex2(context_, cipher_, nullptr, nullptr, nullptr) == 1;
  if (ready && mode == Mode::gcm) ready = EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_IVLEN, static_cast<int>(iv_bytes), nullptr) == 1;
  if (ready && EVP_DecryptInit_ex2(context_, nullptr, key.data(), nullptr, nullptr) == 1) return;
  EVP_CIPHER_CTX_free(context_), EVP_CIPHER_free(cipher_);
  fail("set up AES-256");
}

Aes256::~Aes256() { EVP_CIPHER_CTX_free(context_), EVP_CIPHER_free(cipher_); }

bool Aes256::open(std::string_view iv, std::string_view ciphertext, std::string_view tag) {
  plain_.reset(ciphertext.size() + kBlock);
  std::string tag_copy(tag);  // OpenSSL asks for one that it may write to
  int size = 0, rest = 0;
  bool opened = EVP_DecryptInit_ex2(context_, nullptr, nullptr, bytes_of(iv), nullptr) == 1 &&
                EVP_DecryptUpdate(context_, plain_.data(), &size, bytes_of(ciphertext), static_cast<int>(ciphertext.size())) == 1 &&
                (mode_ == Mode::cbc ||
                 EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_copy.size()), tag_copy.data()) == 1) &&
                EVP_DecryptFinal_ex(context_, plain_.data() + size, &rest) == 1;
  plain_.shrink(opened ? static_cast<size_t>(size + rest) : 0);
  return opened;
}

SecretBytes pbkdf2_sha1(std::string_view password, std::string_view salt, int rounds) {
  SecretBytes key(32);
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt), static_cast<int>(salt.size()), rounds,
                        EVP_sha1(), static_cast<int>(key.size()), key.data()) != 1)
    fail("derive a key by PBKDF2");
  return key;
}

SecretBytes sha256_bytes(std::string_view text) {
  SecretBytes hash(32);
  if (EVP_Digest(text.data(), text.size(), hash.data(), nullptr, EVP_sha256(), nullptr) != 1) fail("hash by SHA-256");
  return hash;
}

std::string hex_encoded(std::string_view bytes) {
  std::string text;
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    text += "0123456789abcdef"[byte >> 4], text += "0123456789abcdef"[byte & 15];
  }
  return text;
}

std::optional<std::string> hex_decoded(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes(text.size() / 2, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) {
    int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high << 4 | low);
  }
  return bytes;
}

std::optional<SecretBytes> base64_decoded(std::string_view text) {
  while (!text.empty() && (text.back() == '=' || is_space(text.back()))) text.remove_suffix(1);
  SecretBytes bytes(text.size() * 3 / 4 + 1);
  unsigned buffer = 0;
  size_t size = 0, bits = 0;
  for (char c : text) {
    if (is_space(c)) continue;
    int value = sextet(c);
    if (value < 0) return std::nullopt;
    buffer = buffer << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.data()[size++] = static_cast<unsigned char>(buffer >> bits);
  }
  bytes.shrink(size);
  return bytes;
}

double padding_and_text_chance(size_t bytes) {
  if (bytes == 0) return 0;
  static const std::vector<double> text = utf8_chances();
  double chance = 0, padding = 1;
  for (size_t pad = 1; pad <= kBlock && pad <= bytes; ++pad) {
    padding /= 256;
    chance += padding * text[std::min(bytes - pad, kLongestText)];
  }
  return chance;
}

}  // namespace playbook
