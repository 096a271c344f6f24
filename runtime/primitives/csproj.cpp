#include "runtime/primitives/csproj.h"

#include "runtime/base/error.h"

namespace playbook {

std::vector<Parameter> csproj_choice() {
  return {{.name = "package", .type = Type::string, .help = "a package, whose version is meant"},
          {.name = "property", .type = Type::string, .help = "an element of a PropertyGroup, such as TargetFramework"}};
}

CsprojChoice csproj_choice_from(const Json& args) {
  auto package = get_or<std::string>(args, "package", ""), property = get_or<std::string>(args, "property", "");
  if (package.empty() == property.empty()) throw Error(Code::argument_invalid, "name a package or a property, and not both");
  return package.empty() ? CsprojChoice{Csproj::What::property, property} : CsprojChoice{Csproj::What::package, package};
}

}  // namespace playbook
