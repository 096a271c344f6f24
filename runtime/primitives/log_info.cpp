// log.info: a line of the author in the log of the run.
#include "runtime/primitives/function.h"
#include "runtime/primitives/log.h"

namespace playbook {

std::unique_ptr<Primitive> make_log_info() {
  return make_function(
      {
          .name = "log.info",
          .summary = "Says something in the log of the run.",
          .parameters = {{.name = "message", .type = Type::any, .help = "a string, or any value, shown as JSON", .required = true}},
          .example = "log.info(\"the old release stays until tomorrow\")",
      },
      [](Context& context, const Json& args) -> Json {
        context.log(LogLevel::info, log_line(args.at("message")));
        return nullptr;
      });
}

}  // namespace playbook
