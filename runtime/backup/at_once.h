// The parts of one set at once: jobs on threads of their own beside those of the caller, with one count of bytes and one end.
#pragma once

#include <functional>

#include "runtime/backup/work.h"

namespace playbook {

/// Calls `job` for 0 to count-1, each with the work that it is to use. Those that `may_run_beside` are done on other threads, as many as
/// there are cores; they must not need what is used by one thread: a server, the services of a project. The rest is done here, in order.
/// The first that throws ends the others, and its error goes on when none runs any more.
void at_once(Work& work, size_t count, const std::function<bool(size_t)>& may_run_beside, const std::function<void(size_t, Work&)>& job);

}  // namespace playbook
