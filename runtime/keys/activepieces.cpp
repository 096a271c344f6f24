// activepieces: {"iv": "<32 hex>", "data": "<hex>"} under AES-256-CBC with PKCS#7 padding; the key is the 32 ASCII characters of
// AP_ENCRYPTION_KEY themselves, never decoded; what is inside is JSON. packages/server/api/src/app/helper/encryption.ts of
// activepieces/activepieces 0.83.0. No tag: padding, UTF-8 and JSON must all be right. Columns that hold a raw string prove nothing.
#include <algorithm>
#include <cctype>

#include "runtime/base/json.h"
#include "runtime/base/text.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"

namespace playbook {
namespace {

class ActivepiecesOpener final : public Opener {
 public:
  explicit ActivepiecesOpener(const SecretBytes& key) : aes_(Aes256::Mode::cbc, key, 16) {}

  Trial open(std::string_view stored) override {
    if (stored.empty() || stored == "null") return {TrialOutcome::empty};
    const Json value = Json::parse(stored, nullptr, false);
    if (!value.is_object() || value.size() != 2 || !value.contains("iv") || !value.contains("data")) return {TrialOutcome::malformed};
    std::optional<std::string> iv = bytes_of(value["iv"]), data = bytes_of(value["data"]);
    if (!iv || iv->size() != 16 || !data || data->empty() || data->size() % 16 != 0) return {TrialOutcome::malformed};
    bool opened = aes_.open(*iv, *data) && is_utf8(aes_.plain()) && Json::accept(aes_.plain());
    return {opened ? TrialOutcome::opened : TrialOutcome::failed, "", padding_and_text_chance(data->size())};
  }

 private:
  static std::optional<std::string> bytes_of(const Json& hex) {
    return hex.is_string() ? hex_decoded(hex.get_ref<const std::string&>()) : std::nullopt;
  }
  Aes256 aes_;
};

class Activepieces final : public Scheme {
 public:
  std::string name() const override { return "activepieces"; }
  std::vector<KeyText> keys() const override { return {{"key", "AP_ENCRYPTION_KEY, or ENCRYPTION_KEY of settings.json"}}; }

  Opening prepare(const KeyTexts& texts) const override {
    std::string_view key = text_of(texts, "key");
    bool shaped =
        key.size() == 32 && std::all_of(key.begin(), key.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)); });
    if (!shaped) return {nullptr, "the key must be 32 letters and digits, and has " + std::to_string(key.size()) + " characters"};
    return {std::make_unique<ActivepiecesOpener>(SecretBytes(key))};
  }
};

}  // namespace

std::unique_ptr<Scheme> make_activepieces_scheme() { return std::make_unique<Activepieces>(); }

}  // namespace playbook
