// json.encode: a plain value as canonical JSON text.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_json_encode() {
  return make_function(
      {
          .name = "json.encode",
          .summary = "Writes a value as JSON, with sorted keys and without spaces.",
          .parameters = {{.name = "value", .type = Type::any, .help = "any plain value", .required = true}},
          .returns = "string",
          .returns_help = "the one text that equal values share",
          .example = "json.encode({ b = 1, a = true }) --> '{\"a\":true,\"b\":1}'",
      },
      [](Context&, const Json& args) -> Json { return canonical(args.at("value")); });
}

}  // namespace playbook
