// Everything that a playbook can ask of the host out of the box. A new primitive is one file in this folder and one line in all.cpp.
#pragma once

#include "runtime/engine/primitive.h"

namespace playbook {

void register_all(Registry& registry);

}  // namespace playbook
