// image.current: which image each service of a compose project has, where that is written, what runs, and how it could be pinned.
#include "runtime/base/error.h"
#include "runtime/container/image_reference.h"
#include "runtime/container/images.h"
#include "runtime/primitives/function.h"
#include "runtime/primitives/image_edits.h"

namespace playbook {
namespace {

std::optional<std::string> floats(const std::string& image) {
  if (image.ends_with(':')) return "its tag is empty, which Compose refuses when it starts it";
  return floating_reason(parse_image(image));
}

// Where it is written, and the variable that decides it.
Json written(const ImageEdits& files, const std::string& service) {
  const ImagePlace place = files.place(service);
  Json shown{{"place", place.place}};
  const std::vector<TemplatePart> parts = template_parts(place.written);
  for (const TemplatePart& part : parts) {
    if (part.variable.empty()) continue;
    shown["variable"] = part.variable;
    std::optional<std::string> value = files.variable(part.variable);
    if (!value || value->empty()) shown["unset"] = true;
  }
  return shown;
}

Json look(ImageEdits& files, const std::string& service, const std::string& image, const std::vector<Container>& containers) {
  Json shown{{"image", image}};
  try {
    shown.update(written(files, service));
  } catch (const Error& error) {
    shown["unknown_place"] = error.message();
  }
  std::optional<std::string> why = floats(image);
  if (!why && shown.contains("unset"))
    why = "its version is a default in the compose file; " + shown["variable"].get<std::string>() + " is not set";
  if (why) shown["floating"] = *why;
  for (const Container& one : containers) {
    if (one.service != service) continue;
    shown["running"] = {{"image", one.image}, {"id", one.image_id}, {"state", one.state}};
    if (!why) break;
    const Pin pin = find_pin(files.work().docker, image.ends_with(':') ? image.substr(0, image.size() - 1) : image, one.image_id);
    if (!pin.reference.empty()) shown["pin"] = pin.reference;
    shown["why"] = pin.why;
    break;
  }
  return shown;
}

}  // namespace

std::unique_ptr<Primitive> make_image_current() {
  return make_function(
      {.name = "image.current",
       .kind = Kind::read,
       .summary = "Which image each service of a compose project has, where that is written, what runs, and what would pin it.",
       .parameters = {project_parameter()},
       .returns =
           "table<string, {image: string, place: string?, unknown_place: string?, variable: string?, unset: boolean?, floating: string?, "
           "running: {image: string, id: string, state: string}?, pin: string?, why: string?}>",
       .returns_help =
           "of services that are not built here. floating says why it may be another image tomorrow; pin is a reference to what "
           "runs now, which its registry confirmed, and why says how that is known",
       .errors = {"argument.invalid", "compose.invalid", "container.failed", "dotenv.invalid", "file.failed", "file.missing",
                  "process.missing", "unsupported"},
       .example = "image.current({}).app.floating --> \"it has no tag, which means latest\""},
      [](Context& context, const Json& args) -> Json {
        ImageEdits files(context, args);
        const std::vector<Container> containers = files.work().containers();
        Json all = Json::object();
        const Json services = get_or<Json>(files.config(), "services", Json::object());
        for (const auto& [service, config] : services.items()) {
          auto image = get_or<std::string>(config, "image", "");
          if (!image.empty() && !config.contains("build")) all[service] = look(files, service, image, containers);
        }
        return all;
      });
}

}  // namespace playbook
