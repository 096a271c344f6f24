// What sqlserver.query and sqlserver.swap share: which server is meant, and its sqlcmd.
#pragma once

#include <memory>

#include "runtime/database/sql_server.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

/// {project=, service=}? host=?, user=?, password=, database=
extern const Parameter kSqlServerParameter;

struct OpenSqlServer {
  std::unique_ptr<Place> place;
  SqlServer server;
};

/// Throws argument.invalid, secret.missing.
std::unique_ptr<OpenSqlServer> open_sql_server(Context& context, const Json& described);

/// `sqlserver:database Umbraco of localhost`, or of a service.
std::string sql_server_thing(const Json& described);

}  // namespace playbook
