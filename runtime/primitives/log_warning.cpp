// log.warning: a line of the author in the log of the run.
#include "runtime/primitives/function.h"
#include "runtime/primitives/log.h"

namespace playbook {

std::unique_ptr<Primitive> make_log_warning() {
  return make_function(
      {
          .name = "log.warning",
          .summary = "Warns in the log of the run.",
          .parameters = {{.name = "message", .type = Type::any, .help = "a string, or any value, shown as JSON", .required = true}},
          .example = "log.warning(\"no copy is kept elsewhere\")",
      },
      [](Context& context, const Json& args) -> Json {
        context.log(LogLevel::warning, log_line(args.at("message")));
        return nullptr;
      });
}

}  // namespace playbook
