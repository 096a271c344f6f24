// keys.ring: the keys of an ASP.NET key ring, without what they are made of.
#include "runtime/keys/key_ring.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_keys_ring() {
  return make_function(
      {
          .name = "keys.ring",
          .kind = Kind::read,
          .summary = "Lists the keys of an ASP.NET data-protection key ring, on which sessions and sent links hang.",
          .parameters = {{"path", Type::path, "the folder, below the instance or absolute", true, nullptr}},
          .returns = "{id: string, created: string, activated: string, expires: string, revoked: boolean}[]",
          .returns_help = "oldest first; what a key is made of is not looked at",
          .errors = {"file.missing", "file.denied", "file.failed"},
          .example = "#keys.ring(\"DataProtection-Keys\") --> 2",
      },
      [](Context& context, const Json& args) {
        Json keys = Json::array();
        for (const RingKey& key : read_key_ring(context.resolve(args.at("path"))))
          keys.push_back(
              {{"id", key.id}, {"created", key.created}, {"activated", key.activated}, {"expires", key.expires}, {"revoked", key.revoked}});
        return keys;
      });
}

}  // namespace playbook
