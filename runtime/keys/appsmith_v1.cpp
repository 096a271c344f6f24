// appsmith-v1: Appsmith up to 1.8.15 (config schemaVersion 1). AES-256-CBC with an IV of zero bytes and PKCS#7 padding, lower-case hex; the
// key is PBKDF2-HMAC-SHA1(password, salt as typed, 1024 rounds). Spring Security's AesBytesEncryptor as EncryptionServiceCEImpl of Appsmith
// v1.6.15 to v1.8.15 calls it. No tag: right padding and UTF-8 are all there is to go by.
#include "runtime/base/text.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"

namespace playbook {
namespace {

class AppsmithV1Opener final : public Opener {
 public:
  explicit AppsmithV1Opener(const SecretBytes& key) : aes_(Aes256::Mode::cbc, key, 16) {}

  Trial open(std::string_view stored) override {
    if (stored.empty()) return {TrialOutcome::empty};
    std::optional<std::string> bytes = hex_decoded(stored);
    if (!bytes || bytes->empty() || bytes->size() % 16 != 0) return {TrialOutcome::malformed};
    bool opened = aes_.open(std::string(16, '\0'), *bytes) && is_utf8(aes_.plain());
    return {opened ? TrialOutcome::opened : TrialOutcome::failed, "", padding_and_text_chance(bytes->size())};
  }

 private:
  Aes256 aes_;
};

class AppsmithV1 final : public Scheme {
 public:
  std::string name() const override { return "appsmith-v1"; }
  std::vector<KeyText> keys() const override {
    return {{"password", "APPSMITH_ENCRYPTION_PASSWORD"}, {"salt", "APPSMITH_ENCRYPTION_SALT"}};
  }
  Opening prepare(const KeyTexts& texts) const override {
    return {std::make_unique<AppsmithV1Opener>(pbkdf2_sha1(text_of(texts, "password"), text_of(texts, "salt"), 1024))};
  }
};

}  // namespace

std::unique_ptr<Scheme> make_appsmith_v1_scheme() { return std::make_unique<AppsmithV1>(); }

}  // namespace playbook
