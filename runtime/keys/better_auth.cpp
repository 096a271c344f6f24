// better-auth: the private keys that better-auth 1.6.9 keeps in its table jwks: a JSON string of hex(nonce[24] | ciphertext | tag[16])
// under XChaCha20-Poly1305 without further data; the key is SHA-256(secret). A library option stores the JWK itself, which begins with `{`;
// its envelope `$ba$<n>$<hex>` is read too. Only the active secret counts: `secrets` is a JSON map by id, and where it lacks the active id,
// `secret` is meant (packages/db/src/auth.ts of appstrate/appstrate).
#include "runtime/base/json.h"
#include "runtime/keys/cipher.h"
#include "runtime/keys/scheme.h"
#include "runtime/keys/sodium.h"

namespace playbook {
namespace {

constexpr size_t kNonce = 24, kTag = 16;

class BetterAuthOpener final : public Opener {
 public:
  BetterAuthOpener(SecretBytes key, XChaChaOpen function) : key_(std::move(key)), open_(function) {}

  Trial open(std::string_view stored) override {
    if (stored.starts_with('"') && stored.ends_with('"') && stored.size() >= 2) stored = stored.substr(1, stored.size() - 2);
    if (stored.empty()) return {TrialOutcome::empty};
    if (stored.starts_with('{')) return {TrialOutcome::plain};
    if (stored.starts_with("$ba$"))
      if (size_t end = stored.find('$', 4); end != std::string_view::npos) stored = stored.substr(end + 1);
    std::optional<std::string> bytes = hex_decoded(stored);
    if (!bytes || bytes->size() < kNonce + kTag) return {TrialOutcome::malformed};
    const auto* data = reinterpret_cast<const unsigned char*>(bytes->data());
    plain_.reset(bytes->size());
    bool opened = open_(plain_.data(), nullptr, nullptr, data + kNonce, bytes->size() - kNonce, nullptr, 0, data, key_.data()) == 0;
    plain_.reset(0);
    return {opened ? TrialOutcome::opened : TrialOutcome::failed};
  }

 private:
  const SecretBytes key_;
  const XChaChaOpen open_;
  SecretBytes plain_;
};

class BetterAuth final : public Scheme {
 public:
  std::string name() const override { return "better-auth"; }
  std::vector<KeyText> keys() const override {
    return {{"secret", "BETTER_AUTH_SECRET", true, "appstrate-dev-"},
            {"active", "BETTER_AUTH_ACTIVE_KID, k1 when not given", false},
            {"secrets", "BETTER_AUTH_SECRETS", false}};
  }

  Opening prepare(const KeyTexts& texts) const override {
    std::string_view active = text_of(texts, "active"), secrets = text_of(texts, "secrets"), secret = text_of(texts, "secret");
    if (active.empty()) active = "k1";
    Json map = secrets.empty() ? Json::object() : Json::parse(secrets, nullptr, false);
    if (!map.is_object()) return {nullptr, "the map of secrets must be a JSON object of secrets by id"};
    SecretBytes key = sha256_bytes(secret);
    if (auto found = map.find(std::string(active)); found != map.end()) {
      if (!found->is_string()) return {nullptr, "the secret of the active id must be a string"};
      key = sha256_bytes(found->get_ref<const std::string&>());
    }
    wipe_members(map);
    XChaChaOpen open = xchacha_open();
    if (!open) return {nullptr, "libsodium.so.23 cannot be loaded, and nothing else here knows XChaCha20 (`apt install libsodium23`)"};
    return {std::make_unique<BetterAuthOpener>(std::move(key), open)};
  }
};

}  // namespace

std::unique_ptr<Scheme> make_better_auth_scheme() { return std::make_unique<BetterAuth>(); }

}  // namespace playbook
