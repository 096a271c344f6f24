// Where a keyring's values are stored, as a playbook says it, and how they are read:
//
//   {type="postgres", server=, columns={"*.*_encrypted", "jwks.private_key"}, sample=?}
//   {type="mongodump", path=, fields={"datasourceStorage.datasourceConfiguration.authentication.password"}}
//   {type="pglite", path=, columns=, modules=?}
//   {type="lines", project=, service=, command={"appsmithctl", "mongo-eval", ...}}
//
// A mongodump is an archive or Appsmith's backup of one (runtime/backup/mongodump_archive.h); a field is a collection and a dotted path.
// A PGlite folder is read by its own npm package (keys_pglite.h). Lines are what a program that changes nothing prints in the service's
// container: those that are JSON objects {place=, id=, text=} count. Null where nothing is stored under the keys: then there is nothing to
// try.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/keys/stored_values.h"

namespace playbook {

/// Throws `argument.invalid`.
void check_stored(const Json& stored);
/// As Primitive::touches says it.
std::vector<std::string> stored_touches(Context& context, const Json& stored);
/// How many values each place has, those left out of a sample too; places that were not counted are not in it.
using PlaceCounts = std::map<std::string, std::uint64_t>;
/// Throws as the place does.
PlaceCounts read_stored(Context& context, const Json& stored, const StoredValueSink& sink);
/// From this database instead of the one that `stored` names.
PlaceCounts read_stored(Context& context, PostgresSession& session, const Json& stored, const StoredValueSink& sink);

}  // namespace playbook
