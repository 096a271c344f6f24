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
       .summary = "Gives a setting of a .NET application that is no secret, from appsettings.json, the file of its environment over it, "
                  "and the variables "
                  "that files set.",
       .parameters =
           {{.name = "folder", .type = Type::path, .help = "where the files are, below the instance or absolute", .required = true},
            {.name = "key", .type = Type::string, .help = "such as ConnectionStrings:umbracoDbDSN", .required = true},
            {.name = "environment", .type = Type::string, .help = "its ASPNETCORE_ENVIRONMENT", .fallback = "Production"},
            {.name = "over",
             .type = Type::strings,
             .help = "files of variables that win (A__B): units and drop-ins of systemd (.service, .conf), env files, services of "
                     "compose files (compose.yml#site)"}},
       .returns = "{value: string, file: string?}?",
       .returns_help = "nothing where nothing sets it, no file where a variable does; the password in a connection string is ***",
       .errors = {"argument.invalid", "file.denied", "json.invalid"},
       .example = "appsettings.get(\".\", \"Umbraco:CMS:Unattended:UpgradeUnattended\").value --> \"true\""},
      [](Context& context, const Json& args) -> Json {
        auto key = args.at("key").get<std::string>();
        if (names_secret(key))
          throw Error(Code::argument_invalid, "appsettings.get: " + key + " names a secret, which never enters a playbook",
                      "name it with secret.appsettings, for parameters that take a secret");
        std::vector<std::filesystem::path> over;
        for (const Json files = get_or<Json>(args, "over", Json::array()); const Json& file : files)
          over.push_back(context.resolve(file.get<std::string>()));
        Appsettings settings(context.resolve(args.at("folder").get<std::string>()), args.at("environment").get<std::string>(), over);
        std::optional<Appsetting> found = settings.get(key);
        if (!found) return nullptr;
        Json result{{"value", without_password(found->value)}};
        if (!found->file.empty()) result["file"] = found->file.string();
        return result;
      },
      "folder");
}

}  // namespace playbook
