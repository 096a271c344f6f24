// A way in which an application keeps secrets encrypted in its database: which texts make the key, and how one stored value is opened with
// it. One stateless class per scheme, in one file that cites its source, and one line in schemes.cpp; nothing else knows the schemes.
//
// Opening is for proof alone: what a value holds is looked at as far as the scheme needs it, overwritten, and never given to anyone.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/json.h"
#include "runtime/keys/secret_bytes.h"

namespace playbook {

enum class TrialOutcome {
  opened,
  failed,       ///< the key does not open it, or the value is damaged
  unknown_key,  ///< it names a key that is not among those given
  malformed,    ///< no value of this scheme; says nothing about the key
  plain,        ///< stored without encryption
  empty,
};

struct Trial {
  TrialOutcome outcome = TrialOutcome::malformed;
  std::string key{};  ///< the key that the value asks for, where values name one
  double chance = 0;  ///< that a wrong key would have opened it too; 0 where a tag authenticates it
};

/// Tries stored values with one set of keys, which it has derived already. One thread.
class Opener {
 public:
  virtual ~Opener() = default;
  virtual Trial open(std::string_view stored) = 0;
};

/// What the operator has set, by the scheme's names for it.
using KeyTexts = std::map<std::string, SecretBytes>;

struct KeyText {
  std::string name;  ///< such as "password"
  std::string help;
  bool required = true;
  std::string public_example{};  ///< the beginning of what the vendor's own examples ship: no secret at all
};

struct Opening {
  std::unique_ptr<Opener> opener;
  std::string problem{};  ///< where there is no opener: why these texts cannot be keys of this scheme, without showing them
};

class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual std::string name() const = 0;
  virtual std::vector<KeyText> keys() const = 0;
  /// Derives what opens values. `texts` has all required keys.
  virtual Opening prepare(const KeyTexts& texts) const = 0;
};

class SchemeRegistry {
 public:
  /// All schemes that this version knows.
  SchemeRegistry();
  void add(std::unique_ptr<Scheme> scheme);
  /// Throws `unsupported` with "did you mean".
  const Scheme& at(const std::string& name) const;

 private:
  std::vector<std::unique_ptr<Scheme>> schemes_;
};

/// Overwrites the texts of a map that was parsed out of a key text.
void wipe_members(Json& map);

KeyTexts copy_of(const KeyTexts& texts);
/// The text, "" where it was not given.
std::string_view text_of(const KeyTexts& texts, const std::string& name);

}  // namespace playbook
