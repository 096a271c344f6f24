// Bytes that are overwritten before their memory is given back: keys, what is derived from them, what they open. Moved, never copied.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace playbook {

class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size) : bytes_(size, '\0') {}
  explicit SecretBytes(std::string_view bytes) : bytes_(bytes) {}
  ~SecretBytes() { wipe(bytes_); }
  SecretBytes(SecretBytes&& other) noexcept { swap(other); }
  SecretBytes& operator=(SecretBytes&& other) noexcept {
    wipe(bytes_);
    swap(other);
    return *this;
  }
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;

  /// Takes the bytes out of `text`, and overwrites it.
  static SecretBytes taken_from(std::string& text) {
    SecretBytes bytes{std::string_view(text)};
    wipe(text);
    return bytes;
  }
  SecretBytes copy() const { return SecretBytes(view()); }

  std::string_view view() const { return bytes_; }
  size_t size() const { return bytes_.size(); }
  unsigned char* data() { return reinterpret_cast<unsigned char*>(bytes_.data()); }
  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(bytes_.data()); }
  /// What was there is overwritten, not kept.
  void reset(size_t size) {
    OPENSSL_cleanse(bytes_.data(), bytes_.size());
    if (size > bytes_.capacity()) *this = SecretBytes(size);
    bytes_.resize(size);
  }
  /// What lies beyond is overwritten.
  void shrink(size_t size) {
    OPENSSL_cleanse(bytes_.data() + size, bytes_.size() - size);
    bytes_.resize(size);
  }

  /// For texts that libraries hand over.
  static void wipe(std::string& text) {
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
  }

 private:
  // std::string's own move leaves the bytes of a short text behind.
  void swap(SecretBytes& other) noexcept { bytes_.swap(other.bytes_); }

  std::string bytes_;
};

}  // namespace playbook
