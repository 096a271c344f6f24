// What the service primitives share: a service from its description, what a plan foresees of it, and the record of its fence.
//
// The fence's record lies in the state folder, not in the run's: whoever stops the writers and whoever lets them go are different
// functions, often in different processes, sometimes in different runs. It is written before the fence and removed after it was lifted.
#pragma once

#include <optional>
#include <string>

#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"
#include "runtime/process/service.h"

namespace playbook {

Parameter service_parameter();
Parameter service_deadline_parameter();

/// Relative programs and folders are below the instance; `env` may hold secrets.
std::unique_ptr<Service> open_service(Context& context, const Json& args);

/// `service:NAME` for whether it runs, `service:NAME/fence` for whether it starts by itself.
std::string service_thing(const Json& args);

/// In a plan: the state that a planned action leaves, kept in the plan's scratch folder.
void foresee(const Context& context, const Service& service, Service::State state);
Service::State foreseen_state(const Context& context, Service& service);

/// How the service started by itself before it was fenced; nothing when no fence stands.
std::optional<Json> fence_record(const Context& context, const Service& service);
void keep_fence_record(const Context& context, const Service& service, const Json& startup);
void drop_fence_record(const Context& context, const Service& service);

/// Does it, or makes sure that it is done.
void ensure_running(Context& context, Service& service, std::chrono::milliseconds deadline);
void ensure_stopped(Context& context, Service& service, std::chrono::milliseconds deadline);
void ensure_fenced(Context& context, Service& service, const Json& startup);
void ensure_unfenced(Context& context, Service& service);

}  // namespace playbook
