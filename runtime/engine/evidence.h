// What will be needed to understand a failure, kept before anything is put back: the error, the tails of the instance's log files, and what
// the family's own function `evidence(instance)` gives, such as the logs and states of containers that are about to be recreated.
#pragma once

#include "runtime/engine/actions.h"

namespace playbook {

/// Writes `evidence/` in the run's folder, redacted; gives the names. `texts`: file name -> text, or list of lines; null for none. Never
/// throws: a full disk must not stop the way home.
std::vector<std::string> collect_evidence(Actions& actions, const Json& instance, const Json& texts, const Error& error);

}  // namespace playbook
