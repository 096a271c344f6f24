#include "runtime/primitives/all.h"

namespace playbook {

// clang-format off
#define PLAYBOOK_PRIMITIVES(each) \
  each(backup_create) \
  each(backup_list) \
  each(backup_loss) \
  each(backup_rehearse) \
  each(backup_restore) \
  each(backup_verify) \
  each(clock_now) \
  each(sqlite_fingerprint) \
  each(sqlite_query)
// clang-format on

#define PLAYBOOK_DECLARE(name) std::unique_ptr<Primitive> make_##name();
PLAYBOOK_PRIMITIVES(PLAYBOOK_DECLARE)
#undef PLAYBOOK_DECLARE

void register_all(Registry& registry) {
#define PLAYBOOK_REGISTER(name) registry.add(make_##name());
  PLAYBOOK_PRIMITIVES(PLAYBOOK_REGISTER)
#undef PLAYBOOK_REGISTER
}

}  // namespace playbook
