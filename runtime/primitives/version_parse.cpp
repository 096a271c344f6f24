// version.parse: the parts of a release version.
#include "runtime/base/version.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_version_parse() {
  return make_function(
      {
          .name = "version.parse",
          .summary = "Takes a release version apart.",
          .parameters = {{.name = "text", .type = Type::string, .help = "such as v1.99.2 or 1.0.0-beta.51", .required = true}},
          .returns = "{text: string, bare: string, numbers: integer[], prerelease: string[]}?",
          .returns_help = "bare is without a leading v and without build metadata; nil for what is no version, such as latest",
          .example = "version.parse(\"v1.0.0-beta.51\").prerelease --> { \"beta\", \"51\" }",
      },
      [](Context&, const Json& args) -> Json {
        const auto version = Version::try_parse(args.at("text").get_ref<const std::string&>());
        if (!version) return nullptr;
        return {
            {"text", version->text()}, {"bare", version->bare()}, {"numbers", version->numbers()}, {"prerelease", version->prerelease()}};
      });
}

}  // namespace playbook
