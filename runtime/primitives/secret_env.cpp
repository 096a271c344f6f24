// secret.env: a reference to a secret in the environment of the command.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_env() {
  return make_function(
      {
          .name = "secret.env",
          .summary = "Names a secret that is in the environment of this command. Its value never enters the playbook.",
          .parameters = {{.name = "name", .type = Type::string, .help = "of the environment variable", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.env(\"PGPASSWORD\")",
      },
      [](Context&, const Json& args) { return secret_from_env(args.at("name").get<std::string>()); });
}

}  // namespace playbook
