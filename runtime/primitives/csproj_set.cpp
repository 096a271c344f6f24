// csproj.set: gives a package another version, or a property another value, in an MSBuild file, and keeps every other byte.
#include "runtime/base/error.h"
#include "runtime/primitives/csproj.h"
#include "runtime/primitives/file.h"

namespace playbook {
namespace {

class CsprojSet : public FileEdit {
 public:
  const Declaration& declaration() const override { return declaration_; }

 protected:
  Content edited(Context&, const std::filesystem::path& path, const Json& args, const Content& before) override {
    if (!before) throw Error(Code::file_missing, path.string() + " does not exist", "create it, or correct the path");
    const CsprojChoice choice = csproj_choice_from(args);
    Csproj file = Csproj::parse(*before, path.string());
    file.set(choice.what, choice.name, args.at("value").get<std::string>());
    return file.text();
  }

 private:
  static std::vector<Parameter> parameters() {
    std::vector<Parameter> all{{.name = "path",
                                .type = Type::path,
                                .help = "of a .csproj or Directory.Packages.props, below the instance or absolute",
                                .required = true},
                               {.name = "value", .type = Type::string, .help = "the version, or the property's value", .required = true}};
    for (Parameter& choice : csproj_choice()) all.push_back(std::move(choice));
    return all;
  }

  const Declaration declaration_{
      .name = "csproj.set",
      .kind = Kind::change,
      .summary = "Sets the version of a package, or a property, that an MSBuild file has, and keeps every other byte of the file.",
      .parameters = parameters(),
      .returns = "boolean",
      .returns_help = "whether anything changed",
      .errors = {"argument.invalid", "file.changed", "file.denied", "file.failed", "file.missing", "unsupported", "disk.full"},
      .example = "csproj.set(\"Directory.Packages.props\", \"13.5.2\", { package = \"Umbraco.Cms\" }) --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_csproj_set() { return std::make_unique<CsprojSet>(); }

}  // namespace playbook
