// What process.run and process.read share: the command that the arguments mean, and the result that its end means.
#pragma once

#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/process/children.h"

namespace playbook {

/// argv, env, folder, input, deadline, ok, secret_output.
std::vector<Parameter> command_parameters(const Json& default_deadline);

/// Runs it and gives {status, out, err}: the last 64 KiB of each stream as UTF-8, redacted. Every line goes to the log as it comes.
/// Throws process.failed, process.missing, timeout, cancelled.
Json run_command(Context& context, const Json& args);

/// `pg_dump -Fc 'my db'`, as a shell would read it.
std::string command_line(const std::vector<std::string>& argv);

}  // namespace playbook
