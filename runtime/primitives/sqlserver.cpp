#include "runtime/primitives/sqlserver.h"

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"

namespace playbook {

const Parameter kSqlServerParameter{.name = "server",
                                    .type = Type::map,
                                    .help =
                                        "{database=, password=a secret reference, user=\"sa\"?, host=\"localhost\"?, project=? and "
                                        "service=? where sqlcmd is that of a service}",
                                    .required = true};

namespace {

void check(const Json& described) {
  const std::vector<std::string> known{"database", "password", "user", "host", "project", "service"};
  for (const auto& [key, value] : described.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      throw Error(Code::argument_invalid, "sqlserver: \"" + key + "\" does not belong there" + did_you_mean(key, known));
  if (get_or<std::string>(described, "database", "").empty()) throw Error(Code::argument_invalid, "sqlserver: database must be named");
  if (!is_secret(get_or<Json>(described, "password", nullptr)))
    throw Error(Code::argument_invalid, "sqlserver: password must be a secret reference",
                "name it, such as with secret.dotenv(\".env\", \"DB_PASSWORD\")");
}

}  // namespace

std::unique_ptr<OpenSqlServer> open_sql_server(Context& context, const Json& described) {
  check(described);
  const std::string service = get_or<std::string>(described, "service", "");
  std::unique_ptr<Place> place = std::make_unique<HostPlace>(context.children());
  if (!service.empty()) place = open_service_place(context, get_or<Json>(described, "project", Json::object()), service);
  SqlServerLogin login{get_or<std::string>(described, "host", "localhost"), get_or<std::string>(described, "user", "sa"),
                       context.open_secret(described["password"])};
  Place& at = *place;
  return std::make_unique<OpenSqlServer>(
      OpenSqlServer{std::move(place), SqlServer(at, std::move(login), described["database"], &context.cancel())});
}

std::string sql_server_thing(const Json& described) {
  const std::string service = get_or<std::string>(described, "service", "");
  return "sqlserver:database " + get_or<std::string>(described, "database", "") + " of " +
         (service.empty() ? get_or<std::string>(described, "host", "localhost") : "service " + service);
}

}  // namespace playbook
