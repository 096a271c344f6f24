#include "runtime/primitives/postgres.h"

#include "runtime/primitives/compose.h"

namespace playbook {

const Parameter kPostgresServerParameter{
    "server", Type::map, "{project=..., service=\"postgres\", user=?, database=?}, or {url=secret reference or address without password}",
    true, nullptr};

std::unique_ptr<PostgresServer> open_postgres(Context& context, const Json& described) {
  const Json server = check_postgres_server(described, context.instance());
  if (server.contains("url")) return make_direct_postgres(context.open_secret(server["url"]), context.children());
  return make_postgres_service(open_service_place(context, server.at("project"), server.at("service")),
                               get_or<std::string>(server, "user", ""), get_or<std::string>(server, "database", ""));
}

PostgresOptions postgres_options(Context& context) {
  PostgresOptions options;
  options.application = context.action_id();
  options.cancel = &context.cancel();
  return options;
}

std::vector<std::string> postgres_touches(const Json& server) { return {"postgres:" + postgres_label(server)}; }

}  // namespace playbook
