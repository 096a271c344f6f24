// secret.docker_env: a reference to a value of Appsmith's docker.env.
#include "runtime/pin/docker_env.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_docker_env() {
  return make_function(
      {
          .name = "secret.docker_env",
          .summary =
              "Names a secret that is a value in Appsmith's docker.env, read as Appsmith reads it. Its value never enters the playbook.",
          .parameters =
              {{.name = "path", .type = Type::path, .help = "of the file, below the instance or absolute", .required = true},
               {.name = "key", .type = Type::string, .help = "of the value; the last line that sets it counts", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.docker_env(\"stacks/configuration/docker.env\", \"APPSMITH_ENCRYPTION_SALT\")",
      },
      [](Context& context, const Json& args) {
        return secret_from_docker_env(context.resolve(args.at("path").get<std::string>()).string(), args.at("key").get<std::string>());
      });
}

}  // namespace playbook
