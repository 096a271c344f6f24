// image.resolve: asks the registry what a reference names, without fetching it.
#include "runtime/container/images.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_image_resolve() {
  return make_function({.name = "image.resolve",
                        .kind = Kind::read,
                        .summary = "Asks the registry what a reference names for this machine, without fetching it.",
                        .parameters = {{"ref", Type::string, "such as ghcr.io/acme/app:1.2.0", true, nullptr}},
                        .returns = "{digest: string?, size: integer?, missing: string?}",
                        .returns_help = "size: of its layers in the registry, in bytes; missing says why: no such tag, unauthorized, "
                                        "registry unreachable, too many requests, or docker's words",
                        .errors = {"argument.invalid", "container.failed", "process.missing", "timeout"},
                        .example = "image.resolve(\"redis:0.0.1\").missing --> \"no such tag\""},
                       [](Context& context, const Json& args) {
                         Resolved resolved = resolve_image(Docker(docker_tools(context)), args.at("ref"));
                         if (!resolved.missing.empty()) return Json{{"missing", resolved.missing}};
                         Json found{{"digest", resolved.digest}};
                         if (resolved.size > 0) found["size"] = resolved.size;
                         return found;
                       });
}

}  // namespace playbook
