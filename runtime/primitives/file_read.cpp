// file.read: a text file.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/primitives/file.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_file_read() {
  return make_function(
      {
          .name = "file.read",
          .kind = Kind::read,
          .summary = "Reads a text file. Files of settings such as .env are read with dotenv.get, which keeps secrets out of the playbook.",
          .parameters = {{.name = "path", .type = Type::path, .help = "below the instance, or absolute", .required = true},
                         {.name = "limit", .type = Type::integer, .help = "most bytes that it may have", .fallback = 1 << 20}},
          .returns = "string",
          .returns_help = "its text",
          .errors = {"file.missing", "file.denied", "file.failed", "unsupported"},
          .example = "file.read(\"VERSION\") --> \"1.4.0\\n\"",
      },
      [](Context& context, const Json& args) -> Json {
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        if (is_dotenv_name(path))
          throw Error(Code::unsupported, path.string() + " may hold secrets, which must not enter the playbook",
                      "read single values with dotenv.get");
        return read_text(path, static_cast<std::uintmax_t>(std::max<std::int64_t>(args.at("limit").get<std::int64_t>(), 0)));
      },
      "path");
}

}  // namespace playbook
