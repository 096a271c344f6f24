// What the postgres primitives, and backups of PostgreSQL, share: the server that a playbook describes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/database/postgres_server.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

extern const Parameter kPostgresServerParameter;

/// `{url}`, or `{project, service, user?, database?}`. Must not outlive the context's children.
std::unique_ptr<PostgresServer> open_postgres(Context& context, const Json& server);

/// Named after the action, cancelled with it.
PostgresOptions postgres_options(Context& context);

std::vector<std::string> postgres_touches(const Json& server);

}  // namespace playbook
