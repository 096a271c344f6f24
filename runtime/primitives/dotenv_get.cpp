// dotenv.get: a value of a .env file, as a reference unless it is declared public.
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/pin/dotenv.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_dotenv_get() {
  return make_function(
      {
          .name = "dotenv.get",
          .kind = Kind::read,
          .summary = "Gives a setting from a .env file, read as Docker Compose reads it: a secret reference, or with public the value.",
          .parameters = {{.name = "path", .type = Type::path, .help = "of the .env file, below the instance or absolute", .required = true},
                         {.name = "key", .type = Type::string, .help = "of the setting", .required = true},
                         {.name = "public",
                          .type = Type::boolean,
                          .help = "the value is no secret and may enter playbook and journal",
                          .fallback = false}},
          .returns = "secret|string?",
          .returns_help = "nothing when the file does not set it",
          .errors = {"dotenv.invalid", "file.missing", "file.denied"},
          .example = "dotenv.get(\".env\", \"PORT\", { public = true }) --> \"8080\"",
      },
      [](Context& context, const Json& args) -> Json {
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        auto key = args.at("key").get<std::string>();
        std::optional<std::string> value = Dotenv::parse(read_file(path), path.string()).get(key);
        if (!value) return nullptr;
        return args.at("public").get<bool>() ? Json(to_utf8(*value)) : secret_from_dotenv(path.string(), key);
      },
      "path");
}

}  // namespace playbook
