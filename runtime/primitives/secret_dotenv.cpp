// secret.dotenv: a reference to a value of a .env file.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_dotenv() {
  return make_function(
      {
          .name = "secret.dotenv",
          .summary = "Names a secret that is a value in a .env file. Its value never enters the playbook.",
          .parameters = {{.name = "path", .type = Type::path, .help = "of the .env file, below the instance or absolute", .required = true},
                         {.name = "key", .type = Type::string, .help = "of the value", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.dotenv(\".env\", \"POSTGRES_PASSWORD\")",
      },
      [](Context& context, const Json& args) {
        return secret_from_dotenv(context.resolve(args.at("path").get<std::string>()).string(), args.at("key").get<std::string>());
      });
}

}  // namespace playbook
