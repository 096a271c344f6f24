// What the compose primitives share: the project that the arguments mean, what its containers are, how they are stopped and brought back,
// and the record of a fence.
//
// The fence's record lies in the state folder, as that of services does. It names containers, not services: one that was made anew has the
// restart policy of the compose file already.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/base/error.h"
#include "runtime/container/compose.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/process/place.h"

namespace playbook {

Parameter project_parameter();
Parameter services_parameter(const std::string& help = "all when not given");
Parameter compose_deadline_parameter(double seconds, const std::string& help = "how long it may take");

DockerTools docker_tools(Context& context);

/// `{folder=".", files=?, name=?, env_file=?}` or what compose.config gave. Files that are not named are found as Compose finds them, from
/// COMPOSE_FILE or by name. Throws argument.invalid, file.missing.
Project project_from(const Context& context, const Json& description);

/// Docker and the project of one action.
class ComposeWork {
 public:
  ComposeWork(Context& context, const Json& args);
  Docker docker;
  Compose compose;
  std::vector<std::string> services;  ///< of the arguments; empty: all

  std::vector<Container> containers() { return compose.containers(services); }
  /// Throws argument.invalid with "did you mean" where a service is named that the project does not have.
  Json checked_config();
};

std::unique_ptr<Place> open_service_place(Context& context, const Json& project, const std::string& service, const std::string& user = "");

/// `compose:/srv/app`; "/fence" and "/run" are parts of it.
std::string project_thing(const Context& context, const Json& args, const std::string& part = "");

/// From now on passwords, keys and tokens of the configuration are masked wherever this run shows something.
void learn_secrets(Context& context, const Json& config);

/// The images that Compose is going to start, by reference, and their ids. Throws image.failed where one is not here: Compose v1 would
/// fetch it, v2 fails half-way.
std::map<std::string, std::string> demand_images(ComposeWork& work, const Json& config);

/// What differs from the containers that `record.result` tells of: one sentence, or nothing.
std::optional<std::string> changed_from_outside(Context& context, const Record& record);

/// For the journal: {service, id, name, image, image_id, state, ...} of each; what compose.ps gives.
Json shown(const std::vector<Container>& containers);

/// That a container ended with a status, and the line of its log that tells why; the last 20 are in the details. `before` opens the
/// message.
Error has_ended(Context& context, const ComposeWork& work, const Container& container, const std::string& before = "");

/// Stops those that run, with the files as they are, and waits.
void stop_services(Context& context, ComposeWork& work, const std::vector<std::string>& services, std::optional<int> grace,
                   std::chrono::milliseconds deadline);
/// Brings back the containers of a record of `shown` that ran then, with the images that they ran. Containers that are still there are
/// started; others are made by Compose from the files as they are now. Throws container.failed where one would run another image.
void bring_back(Context& context, ComposeWork& work, const Json& before, std::chrono::milliseconds deadline);
/// Makes those anew, without starting them, that had ended then and are of another image by now: a migration of the newer release would be
/// run by the next `docker compose start`. Warns where it cannot.
void bring_back_ended(Context& context, ComposeWork& work, const Json& before, std::chrono::milliseconds deadline);
/// Stops what runs now and did not run in that record, or ran in another container.
void stop_started(Context& context, ComposeWork& work, const Json& before, std::chrono::milliseconds deadline);

struct ComposeFence {
  std::string project;
  Json containers = Json::object();  ///< id -> {service, name, policy}
};
std::optional<ComposeFence> compose_fence_record(const Context& context, const std::string& project);
void keep_compose_fence_record(const Context& context, const ComposeFence& fence);
void drop_compose_fence_record(const Context& context, const std::string& project);
/// Records, then sets every policy to `no`.
void ensure_fenced(Context& context, ComposeWork& work, const ComposeFence& fence);
/// Restores the policies of the containers that are still there and drops the record.
void ensure_unfenced(Context& context, ComposeWork& work);

}  // namespace playbook
