#include "runtime/primitives/log.h"

#include "runtime/base/secret.h"

namespace playbook {

std::string log_line(const Json& message) {
  if (message.is_string()) return message.get<std::string>();
  return is_secret(message) ? secret_label(message) : canonical(message);
}

}  // namespace playbook
