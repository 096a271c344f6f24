// version.path: the way from one release to another through the checkpoints of a family's data.
#include "runtime/pin/version_path.h"

#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_version_path() {
  return make_function(
      {.name = "version.path",
       .summary = "The way from one release to another through the releases that must come in between, with reasons.",
       .parameters =
           {{.name = "from", .type = Type::string, .help = "the present release", .required = true},
            {.name = "to", .type = Type::string, .help = "the target", .required = true},
            {.name = "data", .type = Type::map, .help = "checkpoints, as runtime/pin/version_path.h describes them", .required = true},
            {.name = "facts", .type = Type::map, .help = "what is known of the instance: name -> boolean", .fallback = Json::object()}},
       .returns =
           "{hops: {from: string, to: string, line: boolean?, reasons: table[], before: table[], unsure: table[], one_way: table[]}[]?, "
           "unsure: boolean?, blocked: {id: string, why: string, source: string}?}",
       .returns_help =
           "the fewest hops, or what blocks the way; line: the newest release of that line is meant; before: what must hold before "
           "the hop; unsure: what the data is not sure of",
       .errors = {"json.invalid", "version.invalid"},
       .example = "version.path(\"1.95\", \"2.1\", playbook.data \"appsmith/data/checkpoints.json\").hops[1].to --> \"1.99\""},
      [](Context&, const Json& args) {
        return version_path(args.at("from"), args.at("to"), args.at("data"), args.at("facts"), "version.path: data");
      });
}

}  // namespace playbook
