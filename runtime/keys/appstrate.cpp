// appstrate: v1:<kid>:<base64(iv[12] | tag[16] | ciphertext)> under AES-256-GCM without further data; the key is 32 bytes in base64, and
// the kid alone says which one: no other is tried. packages/connect/src/encryption.ts of appstrate/appstrate, the same from 1.0.0-beta.22
// to beta.51. Keys: the active one with its id, and retired ones as JSON {kid: base64}, which open and no longer encrypt.
#include <algorithm>
#include <cctype>

#include "runtime/base/json.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"

namespace playbook {
namespace {

using Ring = std::map<std::string, std::unique_ptr<Aes256>, std::less<>>;

bool is_key_id(std::string_view id) {
  auto fits = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; };
  return !id.empty() && id.size() <= 32 && std::all_of(id.begin(), id.end(), fits);
}

class AppstrateOpener final : public Opener {
 public:
  explicit AppstrateOpener(Ring ring) : ring_(std::move(ring)) {}

  Trial open(std::string_view stored) override {
    if (stored.empty()) return {TrialOutcome::empty};
    if (!stored.starts_with("v1:")) return {TrialOutcome::malformed};
    size_t colon = stored.find(':', 3);
    if (colon == std::string_view::npos) return {TrialOutcome::malformed};
    std::string_view id = stored.substr(3, colon - 3);
    std::optional<SecretBytes> decoded = base64_decoded(stored.substr(colon + 1));
    if (!is_key_id(id) || !decoded || decoded->size() < 28) return {TrialOutcome::malformed};
    auto key = ring_.find(id);
    if (key == ring_.end()) return {TrialOutcome::unknown_key, std::string(id)};
    std::string_view bytes = decoded->view();
    bool opened = key->second->open(bytes.substr(0, 12), bytes.substr(28), bytes.substr(12, 16));
    return {opened ? TrialOutcome::opened : TrialOutcome::failed, std::string(id)};
  }

 private:
  Ring ring_;
};

class Appstrate final : public Scheme {
 public:
  std::string name() const override { return "appstrate"; }
  std::vector<KeyText> keys() const override {
    return {{"key", "CONNECTION_ENCRYPTION_KEY", true, "jChGxOEG1YjCtrkrTYhO7FFdIKaHpe/j1PBY/LqID6s="},
            {"id", "CONNECTION_ENCRYPTION_KEY_ID, k1 when not given", false},
            {"retired", "CONNECTION_ENCRYPTION_KEYS", false}};
  }

  Opening prepare(const KeyTexts& texts) const override {
    std::string_view id = text_of(texts, "id"), retired = text_of(texts, "retired");
    if (id.empty()) id = "k1";
    if (!is_key_id(id)) return {nullptr, "the id of the key must be at most 32 letters, digits, _ and -"};
    Ring ring;
    if (!add(ring, id, text_of(texts, "key"))) return {nullptr, "the key must be 32 bytes in base64"};
    Json others = retired.empty() ? Json::object() : Json::parse(retired, nullptr, false);
    if (!others.is_object()) return {nullptr, "the retired keys must be a JSON object of base64 by id"};
    for (const auto& [other, text] : others.items()) {
      if (other == id) return {nullptr, "the retired keys hold the active key " + other + " too"};
      if (!is_key_id(other) || !text.is_string() || !add(ring, other, text.get_ref<const std::string&>()))
        return {nullptr, "the retired key " + other + " must be 32 bytes in base64"};
    }
    wipe_members(others);
    return {std::make_unique<AppstrateOpener>(std::move(ring))};
  }

 private:
  static bool add(Ring& ring, std::string_view id, std::string_view text) {
    std::optional<SecretBytes> key = base64_decoded(text);
    if (!key || key->size() != 32) return false;
    ring.emplace(id, std::make_unique<Aes256>(Aes256::Mode::gcm, *key, 12));
    return true;
  }
};

}  // namespace

std::unique_ptr<Scheme> make_appstrate_scheme() { return std::make_unique<Appstrate>(); }

}  // namespace playbook
