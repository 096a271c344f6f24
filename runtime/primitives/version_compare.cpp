// version.compare: which of two releases is newer.
#include "runtime/base/version.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_version_compare() {
  return make_function(
      {
          .name = "version.compare",
          .summary = "Compares two release versions: numbers as numbers, pre-releases below their release.",
          .parameters = {{.name = "left", .type = Type::string, .help = "a version", .required = true},
                         {.name = "right", .type = Type::string, .help = "a version", .required = true}},
          .returns = "integer",
          .returns_help = "-1 when left is older, 0 when they are equal, 1 when left is newer",
          .errors = {"version.invalid"},
          .example = "version.compare(\"1.9.0\", \"1.10.0\") --> -1",
      },
      [](Context&, const Json& args) -> Json {
        auto order = Version::parse(args.at("left").get_ref<const std::string&>()) <=>
                     Version::parse(args.at("right").get_ref<const std::string&>());
        return order < 0 ? -1 : order > 0 ? 1 : 0;
      });
}

}  // namespace playbook
