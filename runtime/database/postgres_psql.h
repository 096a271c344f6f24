// A session through one psql, which lives as long as the session and is fed statement by statement.
#pragma once

#include "runtime/database/postgres_server.h"

namespace playbook {

/// `psql` is the command that starts one, without its own options. The place must outlive the session.
std::unique_ptr<PostgresSession> open_psql(Place& place, Command psql, std::string server, const PostgresOptions& options);

}  // namespace playbook
