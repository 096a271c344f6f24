// A playbook's parameters: checks what the operator gave against what the playbook declares, and fills in defaults.
#pragma once

#include "bindings/lua/program.h"

namespace playbook {

/// Throws argument.invalid: unknown names with "did you mean", missing ones, wrong types, choices that are none.
Json checked_parameters(const Definition& definition, const Json& given);

}  // namespace playbook
