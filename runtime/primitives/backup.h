// What the backup primitives share: how a playbook names a set, and what a set looks like to a playbook.
#pragma once

#include <string>
#include <vector>

#include "runtime/backup/set.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

/// Progress, cancellation, crash instants and scratch of an action.
Work work_of(Context& context);

/// `to`, or the backups folder in the state folder.
std::filesystem::path backups_folder(Context& context, const Json& args);

/// The folder that `set` means: a value of backup.create, a path, or the bare name of a set in the backups folder, or the one set there
/// that has this in its name. Throws `name.unknown` where it fits several.
std::filesystem::path set_path(Context& context, const Json& set);
/// The set, with its paths as they are for this instance.
BackupSet open_set(Context& context, const Json& set);
/// The digest of SHA256SUMS that goes with the value; for a path or name the one that the journal kept, "" when it never saw the set.
std::string known_digest(Context& context, const Json& set);
/// The members that all attestations of an action have.
Json attestation_of(Context& context);
/// True for what backup.create predicts in a plan.
bool is_planned_set(const Json& set);

/// `{type="backup.set", name, path, digest, created, application, version, note, bytes, parts, rows, sources}`
Json set_value(const BackupSet& set, const SourceRegistry& sources);

/// What a new set says of itself: `app`, `version` and `note` of the arguments, and who made it when.
Manifest manifest_of(Context& context, const Json& args);
/// A name for a new set in `backups_folder`: `{folder, name}`, what `prepare` keeps so that a set can be looked for after a crash.
Json new_place(Context& context, const Json& args);
/// Was the set made? A .partial is removed by whoever makes the next one.
Probe probe_set(const Json& place, const SourceRegistry& sources);

/// What the chosen sources of a set restore, as Primitive::touches says it; the specs of a planned set serve too.
std::vector<std::string> set_touches(Context& context, const Json& set, const SourceRegistry& sources);

/// The file that `identity` names, empty where it is not given.
std::filesystem::path identity_of(Context& context, const Json& args);

std::vector<std::string> strings_of(const Json& args, const char* key);

}  // namespace playbook
