// version.satisfies: whether a release is within a range.
#include "runtime/base/version.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_version_satisfies() {
  return make_function(
      {
          .name = "version.satisfies",
          .summary = "Tells whether a release version is within a range.",
          .parameters =
              {{.name = "version", .type = Type::string, .help = "a version", .required = true},
               {.name = "range", .type = Type::string, .help = "such as \">=1.96 <2\", \"1.2.x\", \"^2.1 || ~3.0\"", .required = true}},
          .returns = "boolean",
          .returns_help = "pre-releases of an excluded upper end are outside",
          .errors = {"version.invalid"},
          .example = "version.satisfies(\"1.97.2\", \">=1.96 <2\") --> true",
      },
      [](Context&, const Json& args) -> Json {
        return Version::parse(args.at("version").get_ref<const std::string&>()).satisfies(args.at("range").get_ref<const std::string&>());
      });
}

}  // namespace playbook
