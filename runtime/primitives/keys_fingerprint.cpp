// keys.fingerprint: tells later whether keys are still the same, without keeping them.
#include "runtime/keys/fingerprint.h"

#include "runtime/base/error.h"
#include "runtime/primitives/function.h"
#include "runtime/primitives/keys.h"

namespace playbook {

std::unique_ptr<Primitive> make_keys_fingerprint() {
  return make_function(
      {
          .name = "keys.fingerprint",
          .kind = Kind::read,
          .summary =
              "Gives a fingerprint (scrypt, its salt beside) of every key, by which it is known again and from which it cannot be found.",
          .parameters = {kKeyringsParameter,
                         {"like", Type::list, "earlier fingerprints: equal keys then give equal ones", false, nullptr},
                         {"running", Type::boolean, "of the keys with which the service's container runs, where one runs", false, false}},
          .returns = "{scheme: string, key: string, salt: string, scrypt: string}[]",
          .returns_help = "one for each key that its scheme requires and that is there",
          .errors = {"argument.invalid", "unsupported"},
          .example = "keys.fingerprint(app.keyrings, {like=set.keys})[1].scrypt == set.keys[1].scrypt --> true",
      },
      [](Context& context, const Json& args) {
        const SchemeRegistry schemes;
        return fingerprint_keyrings(context, schemes, keyrings_of(args), get_or<Json>(args, "like", Json::array()), args.at("running"))();
      });
}

}  // namespace playbook
