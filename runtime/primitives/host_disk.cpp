// host.disk: room on the file system that holds a path.
#include "runtime/base/error.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_host_disk() {
  return make_function(
      {
          .name = "host.disk",
          .kind = Kind::read,
          .summary = "Gives the room on the file system that holds a path, in bytes.",
          .parameters = {{.name = "path", .type = Type::path, .help = "need not exist yet; its nearest folder counts", .fallback = "."}},
          .returns = "{total: integer, free: integer, available: integer}",
          .returns_help = "available is what a program without special rights may use",
          .errors = {"file.failed"},
          .example = "host.disk().available --> 48318382080",
      },
      [](Context& context, const Json& args) -> Json {
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        std::error_code error;
        while (!std::filesystem::exists(path, error) && path.has_relative_path()) path = path.parent_path();
        std::filesystem::space_info space = std::filesystem::space(path, error);
        if (error) throw system_error(error.value(), "cannot look at the file system of " + path.string());
        return {{"total", space.capacity}, {"free", space.free}, {"available", space.available}};
      });
}

}  // namespace playbook
