// Containers as plain processes. Each has a supervisor, a process of its own session that keeps its log, notes its end and starts it again
// as its restart policy says; it outlives the command that started it.
#pragma once

#include <string>

#include "tests/support/stand_in_docker/state.h"

namespace stand_in {

/// `service` is one of a project's configuration. Gives the id.
std::string create_container(State& state, const std::string& project, const std::string& name, const Json& service);

/// Returns once it runs, or ran. Takes the lock.
void start_container(const std::string& id);
/// SIGTERM, and SIGKILL after the grace; returns once it has ended. Takes the lock.
void stop_container(const std::string& id, int grace_seconds);
void remove_container(const std::string& id);
/// Returns its status once it has ended.
int wait_container(const std::string& id);

/// Replaces this process by a program as the container would run it.
[[noreturn]] void become(const Json& container, std::vector<std::string> argv, const Json& more_environment);

}  // namespace stand_in
