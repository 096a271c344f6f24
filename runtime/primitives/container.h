// What the primitives on one container share: those that turn one made by `docker run` into a compose project.
#pragma once

#include "runtime/container/adoption.h"
#include "runtime/engine/context.h"
#include "runtime/engine/primitive.h"

namespace playbook {

Parameter container_parameter();
Parameter adopted_service_parameter();

/// The container of the argument `container`, as a compose file and settings. From now on its secrets are masked.
Adoption adoption_of(Context& context, const Json& args);

}  // namespace playbook
