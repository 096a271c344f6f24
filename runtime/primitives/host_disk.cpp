// host.disk: room on the file system that holds a path.
#include <sys/statvfs.h>

#include <cerrno>

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
          .returns = "{total: integer, free: integer, available: integer, read_only: boolean}",
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
        struct statvfs mounted {};
        if (statvfs(path.c_str(), &mounted) != 0) throw system_error(errno, "cannot look at the file system of " + path.string());
        return {{"total", space.capacity},
                {"free", space.free},
                {"available", space.available},
                {"read_only", (mounted.f_flag & ST_RDONLY) != 0}};
      });
}

}  // namespace playbook
