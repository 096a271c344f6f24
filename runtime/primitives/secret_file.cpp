// secret.file: a reference to a secret that is the content of a file.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_file() {
  return make_function(
      {
          .name = "secret.file",
          .summary = "Names a secret that is the content of a file, without its final newline. Its value never enters the playbook.",
          .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.file(\"/etc/acme/backup.key\")",
      },
      [](Context& context, const Json& args) { return secret_from_file(context.resolve(args.at("path").get<std::string>()).string()); });
}

}  // namespace playbook
