// What will be needed to understand a failure, kept before anything is put back: the error, the tails of the instance's logs, the run's
// actions.
#pragma once

#include "runtime/engine/actions.h"

namespace playbook {

/// Writes `evidence/` in the run's folder, redacted; gives the names. Never throws: a full disk must not stop the way home.
std::vector<std::string> collect_evidence(Actions& actions, const Json& instance, const Error& error);

}  // namespace playbook
