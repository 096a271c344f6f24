// image.pull: fetches images. They are beside what runs and nothing is undone of them.
#include <set>

#include "runtime/base/text.h"
#include "runtime/container/image_reference.h"
#include "runtime/container/images.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

class ImagePull : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context&, const Json& args) override {
    for (const std::string& ref : references(args)) parse_image(ref);
    return nullptr;
  }

  Json run(Context& context, const Json& args, const Json&) override {
    Docker docker(docker_tools(context));
    Json pulled = Json::object();
    const std::set<std::string> wanted = references(args);
    for (const std::string& ref : wanted) {
      context.progress(pulled.size(), wanted.size(), "images");
      pull_image(docker, ref, duration_of(args, "deadline"));
      context.reach("image.pull.one");
      if (std::optional<Json> found = docker.image(ref)) pulled[ref] = found->at("Id");
    }
    return pulled;
  }

  Planned plan(Context&, const Json& args) override {
    const std::set<std::string> wanted = references(args);
    Planned planned;
    planned.text = "pull " + join({wanted.begin(), wanted.end()}, ", ");
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    Docker docker(docker_tools(context));
    for (const auto& [ref, id] : record.result.items()) {
      std::optional<Json> found = docker.image(ref);
      if (!found) return "image " + ref + " is gone although the run had pulled it";
      if (found->at("Id") != id) return "image " + ref + " is another one than the run had pulled";
    }
    return std::nullopt;
  }

  std::vector<std::string> touches(Context&, const Json& args) const override {
    std::vector<std::string> things;
    for (const std::string& ref : references(args)) things.push_back("image:/" + ref);
    return things;
  }
  bool repeatable() const override { return true; }

 private:
  static std::set<std::string> references(const Json& args) {
    const auto all = args.at("refs").get<std::vector<std::string>>();
    return {all.begin(), all.end()};
  }

  const Declaration declaration_{
      .name = "image.pull",
      .kind = Kind::change,
      .summary = "Fetches images from their registries.",
      .parameters = {{"refs", Type::strings, "references, each fetched once", true, nullptr},
                     compose_deadline_parameter(1800, "for each image")},
      .returns = "table<string, string>",
      .returns_help = "reference -> id of the image",
      .errors = {"argument.invalid", "container.failed", "image.failed", "process.missing", "timeout", "cancelled"},
      .example = "image.pull({\"redis:7.4\"})[\"redis:7.4\"] --> \"sha256:6ab0b6e7...\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_image_pull() { return std::make_unique<ImagePull>(); }

}  // namespace playbook
