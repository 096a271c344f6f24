// clock.now: the time, recorded once, so that a resumed run sees the same.
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_clock_now() {
  return make_function(
      {
          .name = "clock.now",
          .kind = Kind::read,
          .summary = "Gives the time in UTC.",
          .returns = "{iso: string, stamp: string, unix: integer}",
          .returns_help = "ISO 8601, a form for names of files, and seconds since 1970",
          .example = "clock.now().iso --> \"2026-11-21T07:13:49.123Z\"",
      },
      [](Context& context, const Json&) -> Json {
        Utc now = context.clock().utc();
        return {{"iso", to_iso(now)}, {"stamp", to_stamp(now)}, {"unix", now.time_since_epoch().count() / 1000}};
      });
}

}  // namespace playbook
