// secret.exists: whether a reference can be opened, without giving the value.
#include "runtime/base/error.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_exists() {
  return make_function(
      {
          .name = "secret.exists",
          .kind = Kind::read,
          .summary = "Tells whether a secret is there and is not empty.",
          .parameters = {{.name = "secret",
                          .type = Type::map,
                          .help = "a reference from secret.env, secret.file or secret.dotenv",
                          .required = true}},
          .returns = "boolean",
          .returns_help = "never the value",
          .errors = {"dotenv.invalid", "file.denied"},
          .example = "secret.exists(secret.env(\"PGPASSWORD\")) --> true",
      },
      [](Context& context, const Json& args) -> Json {
        try {
          return !context.open_secret(args.at("secret")).empty();
        } catch (const Error& error) {
          if (error.code() != Code::secret_missing) throw;
          return false;
        }
      });
}

}  // namespace playbook
