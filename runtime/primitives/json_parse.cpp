// json.parse: JSON text as plain values.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_json_parse() {
  return make_function(
      {
          .name = "json.parse",
          .summary = "Reads JSON text.",
          .parameters = {{.name = "text", .type = Type::string, .help = "one JSON value", .required = true}},
          .returns = "any",
          .returns_help = "the value",
          .errors = {"json.invalid"},
          .example = "json.parse('{\"ready\": true}').ready --> true",
      },
      [](Context&, const Json& args) { return parse_json(args.at("text").get_ref<const std::string&>(), "the text"); });
}

}  // namespace playbook
