// file.exists: whether there is something at a path.
#include "runtime/base/error.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_file_exists() {
  return make_function(
      {
          .name = "file.exists",
          .kind = Kind::read,
          .summary = "Tells whether there is a file or folder, through symbolic links.",
          .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true}},
          .returns = "boolean",
          .errors = {"file.denied"},
          .example = "file.exists(\"docker-compose.yml\") --> true",
      },
      [](Context& context, const Json& args) -> Json {
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        std::error_code error;
        bool exists = std::filesystem::exists(path, error);
        if (error) throw system_error(error.value(), "cannot look at " + path.string());
        return exists;
      },
      "path");
}

}  // namespace playbook
