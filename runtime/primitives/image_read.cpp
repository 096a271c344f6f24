// image.read: a file out of an image that is here, without starting it.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/container/images.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/function.h"

namespace playbook {

std::unique_ptr<Primitive> make_image_read() {
  return make_function(
      {.name = "image.read",
       .kind = Kind::read,
       .summary = "The text of a file inside an image that is here; nothing of the image is started.",
       .parameters = {{"ref", Type::string, "a reference or an id", true, nullptr},
                      {"path", Type::string, "in the image, from its root", true, nullptr}},
       .returns = "string",
       .returns_help = "UTF-8",
       .errors = {"container.failed", "file.missing", "file.failed", "image.failed", "process.missing"},
       .example = "image.read(\"acme/app:1.2.0\", \"/app/VERSION\") --> \"1.2.0\\n\""},
      [](Context& context, const Json& args) {
        Docker docker(docker_tools(context));
        std::string ref = args.at("ref");
        if (!docker.image(ref))
          throw Error(Code::image_failed, "image " + ref + " is not here", "pull it first", {{"image", ref}, {"reason", "not present"}});
        return Json(to_utf8(read_from_image(docker, ref, args.at("path"), context.environment().run_folder)));
      });
}

}  // namespace playbook
