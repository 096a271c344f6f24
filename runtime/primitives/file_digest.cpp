// file.digest: the SHA-256 of a file.
#include "runtime/base/file.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_file_digest() {
  return make_function(
      {
          .name = "file.digest",
          .kind = Kind::read,
          .summary = "Gives the SHA-256 of the content of a file.",
          .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true}},
          .returns = "string?",
          .returns_help = "lower-case hex; nothing when there is no such file",
          .errors = {"file.denied", "file.failed"},
          .example = "file.digest(\"app.db\") --> \"9f86d081884c7d65...\"",
      },
      [](Context& context, const Json& args) -> Json {
        std::string hex = file_digest(context.resolve(args.at("path").get<std::string>()));
        return hex.empty() ? Json(nullptr) : Json(hex);
      },
      "path");
}

}  // namespace playbook
