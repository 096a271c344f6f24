// yaml.get: a value of a YAML file, as a reference unless it is declared public.
#include "runtime/base/error.h"
#include "runtime/primitives/function.h"
#include "runtime/primitives/yaml.h"

namespace playbook {

std::unique_ptr<Primitive> make_yaml_get() {
  return make_function(
      {
          .name = "yaml.get",
          .kind = Kind::read,
          .summary = "Gives a value of a YAML file, through aliases and merge keys: a secret reference, or with public the value.",
          .parameters = {{.name = "path", .type = Type::path, .help = "of the file, below the instance or absolute", .required = true},
                         {.name = "keys",
                          .type = Type::strings,
                          .help = "the keys on the way to it; the number of an item, from 1, where there is a list",
                          .required = true},
                         {.name = "public",
                          .type = Type::boolean,
                          .help = "the value is no secret and may enter playbook and journal",
                          .fallback = false}},
          .returns = "any",
          .returns_help = "nothing when the file has no such value",
          .errors = {"argument.invalid", "file.denied", "file.failed", "file.missing", "unsupported"},
          .example = "yaml.get(\"compose.yml\", { \"services\", \"app\", \"image\" }, { public = true }) --> \"acme/app:1.2.0\"",
      },
      [](Context& context, const Json& args) -> Json {
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        const auto keys = args.at("keys").get<Yaml::Keys>();
        const Yaml file = read_yaml(path);
        std::optional<Yaml::Found> found = file.find(keys);
        if (!found) return nullptr;
        if (args.at("public").get<bool>()) return file.value(found->node);
        if (file.nodes()[found->node].kind != Yaml::Kind::scalar)
          throw Error(Code::argument_invalid, file.place_of(file.nodes()[found->node]) + ": not one value, so that it cannot be a secret",
                      "ask for one of the values in it, or say public = true");
        return secret_from_yaml(path.string(), keys);
      },
      "path");
}

}  // namespace playbook
