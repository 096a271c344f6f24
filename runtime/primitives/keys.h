// What the keys primitives share: a keyring as a playbook describes it, opened.
//
//   {scheme="appstrate", keys={key=..., id=?, ...}, service={project=..., service="appstrate"}?,
//    stored={type="postgres", server=..., columns={"*.*_encrypted"}, sample=?}?}
//
// With `service`, keys are names of variables as Compose gives them to that service, whatever file or default they come from, or lists of
// places (such names, and secret references) of which the first that is set counts; without, they are secret references. A key is never a
// value in a playbook.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/keys/keyring_trial.h"

namespace playbook {

extern const Parameter kKeyringsParameter;

struct Keyring {
  const Scheme* scheme;
  KeyTexts texts;
  std::string problem;  ///< why `texts` lacks what the scheme requires, "" where it does not
  /// A container of the keyring's service that runs with other keys than a new one would get, and these keys; "" where none does.
  std::string container;
  KeyTexts running;
};

/// One action's: a service is asked for its variables once.
class KeyringReader {
 public:
  KeyringReader(Context& context, const SchemeRegistry& schemes) : context_(context), schemes_(schemes) {}
  /// Throws `argument.invalid`, `unsupported`. A key that is not there is a problem of the keyring, no error.
  Keyring open(const Json& keyring);

 private:
  struct Service {
    Json environment;                            // as Compose would give it to a new container
    std::string container;                       // one that runs
    std::map<std::string, std::string> running;  // its environment
  };
  Service& service(const Json& description);
  std::string text(const Json& keyring, const Json& place);
  std::string variable(const Json& description, const std::string& name);
  void compare_running(Keyring& opened, const Json& keyring);

  Context& context_;
  const SchemeRegistry& schemes_;
  std::map<std::string, Service> services_;  // by their description
};

/// Begins to make fingerprints of their keys (runtime/keys/fingerprint.h), on a thread of its own: services are asked, and scrypt is slow.
/// What it gives waits for them, to be called once; a key that is not there is logged then. `running`: of those with which a container of
/// the service runs, where it runs with others.
std::function<Json()> fingerprint_keyrings(Context& context, const SchemeRegistry& schemes, std::vector<Json> keyrings,
                                           Json like = Json::array(), bool running = false);

/// Checks `args.keyrings`: throws `argument.invalid`.
std::vector<Json> keyrings_of(const Json& args);

}  // namespace playbook
