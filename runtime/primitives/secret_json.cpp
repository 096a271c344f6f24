// secret.json: a reference to a secret that is a member of a JSON file.
#include "runtime/base/secret_sources.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_json() {
  return make_function(
      {
          .name = "secret.json",
          .summary = "Names a secret that is a text in the JSON object of a file. Its value never enters the playbook.",
          .parameters = {{.name = "path", .type = Type::path, .help = "of the file, below the instance or absolute", .required = true},
                         {.name = "key", .type = Type::string, .help = "of the member", .required = true}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.json(\"config/settings.json\", \"ENCRYPTION_KEY\")",
      },
      [](Context& context, const Json& args) {
        return secret_from_json(context.resolve(args.at("path").get<std::string>()).string(), args.at("key").get<std::string>());
      });
}

}  // namespace playbook
