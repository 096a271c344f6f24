// umbraco: Umbraco:CMS:Imaging:HMACSecretKey, by which addresses of images are signed. Umbraco is not known to store anything encrypted in
// its own tables, so nothing can be tried: that the key is still the same is told by its fingerprint (keys.fingerprint, gate.keys_match).
// Sessions hang on the key ring (runtime/keys/key_ring.h).
#include "runtime/keys/scheme.h"

namespace playbook {
namespace {

class Umbraco final : public Scheme {
 public:
  std::string name() const override { return "umbraco"; }
  std::vector<KeyText> keys() const override { return {{"hmac", "Umbraco:CMS:Imaging:HMACSecretKey of appsettings.json"}}; }
  Opening prepare(const KeyTexts&) const override { return {nullptr, "nothing is stored under this key; compare its fingerprint"}; }
};

}  // namespace

std::unique_ptr<Scheme> make_umbraco_scheme() { return std::make_unique<Umbraco>(); }

}  // namespace playbook
