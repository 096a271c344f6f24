// secret.first: a reference to a secret that may stand in several places.
#include "runtime/base/error.h"
#include "runtime/base/secret_sources.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_first() {
  return make_function(
      {
          .name = "secret.first",
          .summary = "Names the first of several secrets that is there and not empty, as an application that looks in several places does.",
          .parameters = {{.name = "secrets", .type = Type::list, .help = "references in the order of the application", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .errors = {"argument.invalid"},
          .example = "secret.first { secret.env(\"AP_ENCRYPTION_KEY\"), secret.json(\"config/settings.json\", \"ENCRYPTION_KEY\") }",
      },
      [](Context&, const Json& args) {
        for (const Json& one : args.at("secrets"))
          if (!is_secret(one)) throw Error(Code::argument_invalid, "secret.first: an item is not a secret reference");
        return first_secret(args.at("secrets"));
      });
}

}  // namespace playbook
