// host.memory: what /proc/meminfo says.
#include "runtime/base/error.h"
#include "runtime/base/file.h"
#include "runtime/base/text.h"
#include "runtime/primitives/function.h"

namespace playbook {

namespace {

std::uint64_t bytes_of(const std::string& meminfo, std::string_view name) {
  for (const std::string& line : split(meminfo, '\n'))
    if (line.starts_with(name)) return std::stoull(line.substr(name.size())) * 1024;
  throw Error(Code::unsupported, "/proc/meminfo has no line " + std::string(name));
}

}  // namespace

std::unique_ptr<Primitive> make_host_memory() {
  return make_function(
      {
          .name = "host.memory",
          .kind = Kind::read,
          .summary = "Gives the memory of this machine, in bytes.",
          .returns = "{total: integer, available: integer}",
          .returns_help = "available is what programs can still get without swapping",
          .example = "host.memory().available --> 3221225472",
      },
      [](Context&, const Json&) -> Json {
        std::string meminfo = read_file("/proc/meminfo");
        return {{"total", bytes_of(meminfo, "MemTotal:")}, {"available", bytes_of(meminfo, "MemAvailable:")}};
      });
}

}  // namespace playbook
