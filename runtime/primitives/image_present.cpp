// image.present: what the engine has of an image.
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ImagePresent : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    std::optional<Json> found = Docker(docker_tools(context)).image(args.at("ref"));
    if (!found) return nullptr;
    const Json config = get_or<Json>(*found, "Config", Json::object());
    Json result{{"id", found->at("Id")},
                {"digests", get_or<Json>(*found, "RepoDigests", Json::array())},
                {"size", found->at("Size")},
                {"created", found->at("Created")},
                {"labels", get_or<Json>(config, "Labels", Json::object())}};
    if (args.contains("env")) result["environment"] = variables(get_or<Json>(config, "Env", Json::array()), args["env"]);
    return result;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context&, const Json& args) const override { return {"image:/" + args.at("ref").get<std::string>()}; }

 private:
  static Json variables(const Json& all, const Json& names) {
    Json values = Json::object();
    for (const Json& entry : all) {
      std::string text = entry, name = split(text, '=')[0];
      if (std::find(names.begin(), names.end(), Json(name)) != names.end())
        values[name] = text.substr(std::min(text.size(), name.size() + 1));
    }
    return values;
  }

  const Declaration declaration_{
      .name = "image.present",
      .kind = Kind::read,
      .summary = "What the engine has of an image; nothing where it does not have it.",
      .parameters = {{"ref", Type::string, "a reference or an id", true, nullptr},
                     {"env", Type::strings, "variables of the image to show, such as APP_VERSION", false, nullptr}},
      .returns =
          "{id: string, digests: string[], size: integer, created: string, labels: table<string, string>, "
          "environment: table<string, string>?}?",
      .returns_help = "digests are empty for an image that never was in a registry",
      .errors = {"container.failed", "process.missing"},
      .example = "image.present(\"redis:7.4\").id --> \"sha256:6ab0b6e7...\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_image_present() { return std::make_unique<ImagePresent>(); }

}  // namespace playbook
