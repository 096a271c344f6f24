// image.tags: the tags that a repository has.
#include "runtime/container/images.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_image_tags() {
  return make_function(
      {.name = "image.tags",
       .kind = Kind::read,
       .summary =
           "Asks the registry which tags the repository of an image has, with docker's own logins; skopeo does it, for docker cannot.",
       .parameters = {{"ref", Type::string, "such as ghcr.io/acme/app; its tag counts for nothing", true, nullptr}},
       .returns = "{tags: string[]?, missing: string?}",
       .returns_help =
           "missing says why: skopeo is not installed, no such repository, unauthorized, registry unreachable, or skopeo's words",
       .errors = {"argument.invalid", "container.failed", "timeout"},
       .example = "image.tags(\"redis\").tags[1] --> \"2.6.17\""},
      [](Context& context, const Json& args) {
        Tags found = list_tags(Docker(docker_tools(context)), args.at("ref"));
        return found.missing.empty() ? Json{{"tags", found.names}} : Json{{"missing", found.missing}};
      });
}

}  // namespace playbook
