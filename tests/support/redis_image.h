// A Redis of this machine's own programs as an image of the test bed.
#pragma once

#include <string>

namespace playbook::testing {

/// Builds and pushes it, once. Gives its reference.
std::string redis_image();

}  // namespace playbook::testing
