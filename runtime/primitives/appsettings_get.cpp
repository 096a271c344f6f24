// appsettings.get: a setting of a .NET application that is no secret, from its appsettings files.
#include <regex>

#include "runtime/base/error.h"
#include "runtime/pin/appsettings.h"
#include "runtime/primitives/function.h"

namespace playbook {
namespace {

// Names that ASP.NET applications give to secrets.
bool names_secret(const std::string& key) {
  static const std::regex kSecret("(key|secret|password|token)$", std::regex::icase);
  return std::regex_search(key, kSecret);
}

}  // namespace

std::unique_ptr<Primitive> make_appsettings_get() {
  return make_function(
      {.name = "appsettings.get",
       .kind = Kind::read,
       .summary = "Gives a setting of a .NET application that is no secret, from appsettings.json and the file of its environment over it.",
       .parameters =
           {{.name = "folder", .type = Type::path, .help = "where the files are, below the instance or absolute", .required = true},
            {.name = "key", .type = Type::string, .help = "such as ConnectionStrings:umbracoDbDSN", .required = true},
            {.name = "environment", .type = Type::string, .help = "its ASPNETCORE_ENVIRONMENT", .fallback = "Production"}},
       .returns = "{value: string, file: string}?",
       .returns_help = "nothing where no file sets it; the password in a connection string is ***",
       .errors = {"argument.invalid", "file.denied", "json.invalid"},
       .example = "appsettings.get(\".\", \"Umbraco:CMS:Unattended:UpgradeUnattended\").value --> \"true\""},
      [](Context& context, const Json& args) -> Json {
        auto key = args.at("key").get<std::string>();
        if (names_secret(key))
          throw Error(Code::argument_invalid, "appsettings.get: " + key + " names a secret, which never enters a playbook",
                      "name it with secret.appsettings, for parameters that take a secret");
        Appsettings settings(context.resolve(args.at("folder").get<std::string>()), args.at("environment").get<std::string>());
        std::optional<Appsetting> found = settings.get(key);
        if (!found) return nullptr;
        return {{"value", without_password(found->value)}, {"file", found->file.string()}};
      },
      "folder");
}

}  // namespace playbook
