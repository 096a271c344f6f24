// Where a keyring's values are stored, as a playbook says it, and how they get to its trial:
//
//   {type="postgres", server=, columns={"*.*_encrypted", "jwks.private_key"}, sample=?}
//   {type="mongodump", path=, fields={"datasourceStorage.datasourceConfiguration.authentication.password"}}
//
// A mongodump is an archive or Appsmith's backup of one (runtime/backup/mongodump_archive.h); a field is a collection and a dotted path.
#pragma once

#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/keys/keyring_trial.h"

namespace playbook {

/// Throws `argument.invalid`.
void check_stored(const Json& stored);
/// As Primitive::touches says it.
std::vector<std::string> stored_touches(Context& context, const Json& stored);
/// Throws as the place does.
void read_stored(Context& context, const Json& stored, KeyringTrial& trial);
/// From this database instead of the one that `stored` names.
void read_stored(Context& context, PostgresSession& session, const Json& stored, KeyringTrial& trial);

}  // namespace playbook
