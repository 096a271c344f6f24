// What process.run, process.read and their like in containers share: the command that the arguments mean, the result that its end means,
// and what a crash inside it means.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/process/place.h"

namespace playbook {

/// argv, env, folder, input, deadline, ok, secret_output.
std::vector<Parameter> command_parameters(const Json& default_deadline);

/// Runs it there and gives {status, out, err}: the last 64 KiB of each stream as UTF-8, redacted. Every line goes to the log as it comes.
/// `folder` counts where the arguments name none. Throws process.failed, process.missing, timeout, cancelled.
Json run_command(Context& context, const Json& args, Place& place, const std::filesystem::path& folder);
/// On this host, in the instance.
Json run_command(Context& context, const Json& args);

/// What a change adds: harmless, repeat_safe, done_when.
std::vector<Parameter> change_parameters();
bool is_harmless(const Json& args);
/// Asks `done_when`, false where there is none. Any other status means no; a command that is missing, hangs or is killed is an error, for
/// it answered nothing.
bool is_done(Context& context, const Json& args, Place& place, const std::filesystem::path& folder);
Json done_already(const Json& args);
/// What a crash inside it means, by what the author said.
Probe probe_command(Context& context, const Record& record, Place& place, const std::filesystem::path& folder);

/// `pg_dump -Fc 'my db'`, as a shell would read it.
std::string command_line(const std::vector<std::string>& argv);

}  // namespace playbook
