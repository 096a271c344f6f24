// appsmith-v2: Appsmith from 1.9.0 (config schemaVersion 2). iv[16] | ciphertext | tag[16] under AES-256-GCM without further data,
// lower-case hex; the key is PBKDF2-HMAC-SHA1(password, salt as typed, 1024 rounds). Spring Security's Encryptors.delux(password,
// hex(salt)) as com.appsmith.external.helpers.EncryptionHelper (appsmithorg/appsmith@3fcd7464) calls it.
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"

namespace playbook {
namespace {

class AppsmithV2Opener final : public Opener {
 public:
  explicit AppsmithV2Opener(const SecretBytes& key) : aes_(Aes256::Mode::gcm, key, 16) {}

  Trial open(std::string_view stored) override {
    if (stored.empty()) return {TrialOutcome::empty};
    std::optional<std::string> decoded = hex_decoded(stored);
    if (!decoded || decoded->size() < 32) return {TrialOutcome::malformed};
    std::string_view bytes = *decoded;
    bool opened = aes_.open(bytes.substr(0, 16), bytes.substr(16, bytes.size() - 32), bytes.substr(bytes.size() - 16));
    return {opened ? TrialOutcome::opened : TrialOutcome::failed};
  }

 private:
  Aes256 aes_;
};

class AppsmithV2 final : public Scheme {
 public:
  std::string name() const override { return "appsmith-v2"; }
  std::vector<KeyText> keys() const override {
    return {{"password", "APPSMITH_ENCRYPTION_PASSWORD"}, {"salt", "APPSMITH_ENCRYPTION_SALT"}};
  }
  Opening prepare(const KeyTexts& texts) const override {
    return {std::make_unique<AppsmithV2Opener>(pbkdf2_sha1(text_of(texts, "password"), text_of(texts, "salt"), 1024))};
  }
};

}  // namespace

std::unique_ptr<Scheme> make_appsmith_v2_scheme() { return std::make_unique<AppsmithV2>(); }

}  // namespace playbook
