// secret.appsettings: a reference to a secret in the settings files of a .NET application.
#include "runtime/base/error.h"
#include "runtime/pin/appsettings.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_secret_appsettings() {
  return make_function(
      {
          .name = "secret.appsettings",
          .summary =
              "Names a secret that is a setting of a .NET application, in appsettings.json, the file of its environment over it, or a "
              "variable that a file sets. Its value never enters the playbook.",
          .parameters =
              {{.name = "folder", .type = Type::path, .help = "where the files are, below the instance or absolute", .required = true},
               {.name = "key", .type = Type::string, .help = "such as Umbraco:CMS:Imaging:HMACSecretKey", .required = true},
               {.name = "environment", .type = Type::string, .help = "its ASPNETCORE_ENVIRONMENT", .fallback = "Production"},
               {.name = "over", .type = Type::strings, .help = "files of variables that win, as of appsettings.get"},
               {.name = "part", .type = Type::string, .help = "password: that of a connection string, and not all of it"}},
          .returns = "secret",
          .returns_help = "a reference, for parameters that take one",
          .example = "secret.appsettings(\".\", \"Umbraco:CMS:Imaging:HMACSecretKey\")",
      },
      [](Context& context, const Json& args) {
        std::vector<std::string> over;
        for (const Json files = get_or<Json>(args, "over", Json::array()); const Json& file : files)
          over.push_back(context.resolve(file.get<std::string>()).string());
        const std::string part = get_or<std::string>(args, "part", "");
        if (!part.empty() && part != "password")
          throw Error(Code::argument_invalid, "secret.appsettings: part must be password, found \"" + part + "\"");
        return secret_from_appsettings(context.resolve(args.at("folder")).string(), args.at("key"), args.at("environment"), over, part);
      });
}

}  // namespace playbook
