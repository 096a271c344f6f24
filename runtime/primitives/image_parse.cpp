// image.parse: the parts of a reference to an image.
#include "runtime/container/image_reference.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_image_parse() {
  return make_function(
      {.name = "image.parse",
       .kind = Kind::pure,
       .summary = "The parts of a reference to an image.",
       .parameters = {{"ref", Type::string, "such as ghcr.io/acme/app:1.2.0", true, nullptr}},
       .returns = "{registry: string, repository: string, tag: string?, digest: string?}",
       .returns_help = "registry and repository with what docker adds where it is not written",
       .errors = {"argument.invalid"},
       .example = "image.parse(\"postgres:16\") --> {registry=\"docker.io\", repository=\"library/postgres\", tag=\"16\"}"},
      [](Context&, const Json& args) {
        ImageReference image = parse_image(args.at("ref").get<std::string>());
        Json parts{{"registry", image.registry}, {"repository", image.repository}};
        if (!image.tag.empty()) parts["tag"] = image.tag;
        if (!image.digest.empty()) parts["digest"] = image.digest;
        return parts;
      });
}

}  // namespace playbook
