// csproj.get: the version of a package, or a property, of an MSBuild file.
#include "runtime/base/file.h"
#include "runtime/primitives/csproj.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_csproj_get() {
  std::vector<Parameter> parameters{{.name = "path",
                                     .type = Type::path,
                                     .help = "of a .csproj or Directory.Packages.props, below the instance or absolute",
                                     .required = true}};
  for (Parameter& choice : csproj_choice()) parameters.push_back(std::move(choice));
  return make_function(
      {.name = "csproj.get",
       .kind = Kind::read,
       .summary = "Gives the version of a package, or a property, of an MSBuild file.",
       .parameters = std::move(parameters),
       .returns = "string?",
       .returns_help = "nothing when the file does not say it; $(Name) is followed to a property of the same file",
       .errors = {"argument.invalid", "file.denied", "file.failed", "file.missing", "unsupported"},
       .example = "csproj.get(\"Shop.csproj\", { package = \"Umbraco.Cms\" }) --> \"13.5.2\""},
      [](Context& context, const Json& args) -> Json {
        const CsprojChoice choice = csproj_choice_from(args);
        std::filesystem::path path = context.resolve(args.at("path").get<std::string>());
        std::optional<std::string> value = Csproj::parse(read_file(path), path.string()).get(choice.what, choice.name);
        return value ? Json(*value) : Json(nullptr);
      },
      "path");
}

}  // namespace playbook
