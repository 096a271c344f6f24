// A session by libpqxx.
#pragma once

#include "runtime/database/postgres_module.h"

namespace playbook {

std::unique_ptr<PostgresSession> open_direct_postgres(const PostgresKeywords& keywords, std::string server, const PostgresOptions& options);

}  // namespace playbook
