// image.is_floating: may this reference name another image tomorrow?
#include "runtime/container/image_reference.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_image_is_floating() {
  return make_function({.name = "image.is_floating",
                        .kind = Kind::pure,
                        .summary = "Whether a reference to an image may name another one tomorrow, and why.",
                        .parameters = {{"ref", Type::string, "such as ghcr.io/acme/app:1.2.0", true, nullptr}},
                        .returns = "{floating: boolean, why: string?}",
                        .returns_help = "a full version, a commit or a digest does not float",
                        .errors = {"argument.invalid"},
                        .example = "image.is_floating(\"redis\").why --> \"it has no tag, which means latest\""},
                       [](Context&, const Json& args) {
                         std::optional<std::string> why = floating_reason(parse_image(args.at("ref").get<std::string>()));
                         return why ? Json{{"floating", true}, {"why", *why}} : Json{{"floating", false}};
                       });
}

}  // namespace playbook
