// Programs inside the container of a service, by `docker exec`. A process there survives the end of its client: it is found again, and
// ended, by the action id that its environment carries.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "runtime/container/compose.h"
#include "runtime/process/place.h"

namespace playbook {

/// A place in the running container of `service`, looked up at the first run and after one that failed. `command.folder` is a folder in the
/// container; of the environment of this process nothing reaches it but what `command.environment` names. After a deadline or a
/// cancellation nothing of it runs on. Throws container.failed where the service does not run, process.missing where the container lacks
/// the program.
std::unique_ptr<Place> service_place(const DockerTools& tools, Project project, std::string service, std::string user = "");

/// A container of its own for every run, made like those of `service` and removed after it: `compose run --rm`, labelled
/// `playbook.action`. What the service depends on is not started.
std::unique_ptr<Place> one_off_place(const DockerTools& tools, Project project, std::string service, std::string user = "");
/// Removes what a one-off run of this action left, running or not.
void end_one_offs_of(const Docker& docker, const std::string& action);

/// The one container of a service that runs; throws container.failed: `service db of shop does not run: it is exited`.
Container running_container(Compose& compose, const std::string& service);

/// Process ids (as this host counts them where it sees them all, which root does; else as the container counts them) of what this action
/// started there as `user` and still runs. Needs `sh` and `tr` in the container; throws container.failed where it cannot be known.
std::vector<int> processes_of(const Docker& docker, const Container& container, const std::string& action, const std::string& user = "");
/// Ends them: SIGTERM, after `grace` SIGKILL. Throws container.failed where one stays.
void end_processes_of(const Docker& docker, const Container& container, const std::string& action, const std::string& user = "",
                      std::chrono::milliseconds grace = std::chrono::seconds(5));

}  // namespace playbook
