// host.tools: which programs are installed, and where.
#include <cstdlib>

#include "runtime/base/error.h"
#include "runtime/primitives/function.h"
#include "runtime/process/program.h"

namespace playbook {

std::unique_ptr<Primitive> make_host_tools() {
  return make_function(
      {
          .name = "host.tools",
          .kind = Kind::read,
          .summary = "Finds programs in PATH.",
          .parameters = {{.name = "names", .type = Type::strings, .help = "of the programs", .required = true}},
          .returns = "table<string, string>",
          .returns_help = "the path of each program that is there",
          .example = "host.tools({ \"docker\", \"age\" }) --> { docker = \"/usr/bin/docker\" }",
      },
      [](Context& context, const Json& args) -> Json {
        const char* search_path = std::getenv("PATH");
        Json found = Json::object();
        for (const Json& name : args.at("names")) {
          try {
            found[name.get<std::string>()] =
                find_program(name.get<std::string>(), search_path ? search_path : "", context.instance()).string();
          } catch (const Error& error) {
            if (error.code() != Code::process_missing) throw;
          }
        }
        return found;
      });
}

}  // namespace playbook
