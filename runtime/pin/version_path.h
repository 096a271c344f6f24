// The way from one release to another through the releases that a vendor wants in between, from data that families ship and operators can
// extend. What the data calls unsure is said, never passed over. The format, `playbook checkpoints 1`:
//
//   {"format": "playbook checkpoints 1", "about": "what this is and where it was read",
//    "releases":    ["1.96.0", ...]              optional: those that are known, to make `1.99` a release
//    "checkpoints": [{"id", "from", "to", "why", "source", "sure": true,
//                     "through": ["1.99", "1.98"],   one of these, the first that does; none: nothing to stop at, but `until` must hold
//                     before "until": "what must be true before the next hop", "when": "embedded"}],
//    "barriers":    [{"id", "from", "to", "why", "source", "sure": true, "when"}]     no hop leads over it; not sure: one may
//    "broken":      [{"id", "releases", "why", "source", "sure": true}]               neither a stop nor a target; not sure: may be one
//    "one_way":     [{"id", "at", "why", "back", "source", "when"}]}                  what only a backup undoes
//
// `from`, `to` and `releases` are ranges as Version::satisfies reads them: the entry is about hops from one to the other. `when` names a
// fact of the instance; where it is not known whether it holds, the entry counts.
#pragma once

#include <string>

#include "runtime/base/json.h"

namespace playbook {

/// {hops = {{from, to, line = true?, reasons, before, unsure, one_way}}, unsure = whether any hop is} with the fewest hops, or {blocked =
/// {id, why, source}}. In a hop, `line` says that `to` is a line of releases (`1.99`), of which the newest is meant; reasons are why it
/// stops there; the others are entries that concern it. `facts`: name -> boolean. Throws json.invalid for data of another shape (`name`
/// names it), version.invalid.
Json version_path(const std::string& from, const std::string& to, const Json& data, const Json& facts, const std::string& name);

}  // namespace playbook
