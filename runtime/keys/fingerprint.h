// Fingerprints of keys, for manifests: scrypt (RFC 7914; N=2^15, r=8, p=1, 32 bytes) of the key with a salt that stands beside. Whoever has
// the key can tell whether it is the same; whoever has the fingerprint alone cannot find the key, not even a weak one from a list, cheaply.
#pragma once

#include "runtime/base/json.h"
#include "runtime/keys/scheme.h"

namespace playbook {

/// `[{scheme, key="password", salt=hex, scrypt=hex}]`, one for every key that the scheme requires. Keys that `like` has too get the salt
/// that they have there: then equal fingerprints are equal texts.
Json fingerprint_keys(const Scheme& scheme, const KeyTexts& texts, const Json& like = Json::array());

}  // namespace playbook
