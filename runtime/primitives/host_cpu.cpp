// host.cpu: how many processors this process may use, and what they are.
#include <sched.h>
#include <sys/utsname.h>

#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_host_cpu() {
  return make_function(
      {
          .name = "host.cpu",
          .kind = Kind::read,
          .summary = "Gives the number of processors and their architecture.",
          .returns = "{count: integer, architecture: string}",
          .returns_help = "count is what this command may use",
          .example = "host.cpu() --> { count = 2, architecture = \"x86_64\" }",
      },
      [](Context&, const Json&) -> Json {
        cpu_set_t usable;
        int count = sched_getaffinity(0, sizeof usable, &usable) == 0 ? CPU_COUNT(&usable) : 1;
        utsname system{};
        uname(&system);
        return {{"count", count}, {"architecture", system.machine}};
      });
}

}  // namespace playbook
