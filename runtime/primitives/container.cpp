#include "runtime/primitives/container.h"

#include "runtime/base/error.h"
#include "runtime/container/docker.h"
#include "runtime/primitives/compose.h"

namespace playbook {

Parameter container_parameter() {
  return {.name = "container", .type = Type::string, .help = "its name or id; `docker run` made it", .required = true};
}

Parameter adopted_service_parameter() {
  return {.name = "service", .type = Type::string, .help = "the name that it has, or gets, as a service", .required = true};
}

Adoption adoption_of(Context& context, const Json& args) {
  const Docker docker(docker_tools(context));
  const Json container = docker.details(args.at("container"));
  const auto image = docker.image(container.at("Image"));
  if (!image)
    throw Error(Code::image_failed, "the image that container " + args.at("container").get<std::string>() + " runs is not here any more",
                "pull it again, so that a container can be made of it");
  Adoption adoption = adoption_of(container, *image, args.at("service"));
  learn_secrets(context, {{"services", {{"adopted", {{"environment", adoption.settings}}}}}});
  return adoption;
}

}  // namespace playbook
