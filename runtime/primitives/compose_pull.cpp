// compose.pull: fetches the images of a project, one by one, so that a failure names the image and why.
#include <set>

#include "runtime/base/text.h"
#include "runtime/container/images.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

class ComposePull : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    const std::set<std::string> wanted = images(work);
    Json pulled = Json::object();
    for (const std::string& image : wanted) {
      pull_image(work.docker, image, duration_of(args, "deadline"));
      context.reach("compose.pull.one");
      if (std::optional<Json> found = work.docker.image(image)) pulled[image] = found->at("Id");
    }
    return pulled;
  }

  Planned plan(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    const std::set<std::string> wanted = images(work);
    Planned planned;
    planned.text = "pull " + join({wanted.begin(), wanted.end()}, ", ");
    return planned;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  std::vector<std::string> touches(Context&, const Json&) const override { return {"image:"}; }
  bool repeatable() const override { return true; }

 private:
  static std::set<std::string> images(ComposeWork& work) {
    Json services = summary(work.checked_config(), work.compose.name()).at("services");
    std::set<std::string> all;
    for (const auto& [name, service] : services.items()) {
      bool meant = work.services.empty() || std::find(work.services.begin(), work.services.end(), name) != work.services.end();
      if (meant && service.contains("image") && !service.at("builds").get<bool>()) all.insert(service["image"].get<std::string>());
    }
    return all;
  }

  const Declaration declaration_{
      .name = "compose.pull",
      .kind = Kind::change,
      .summary = "Fetches the images of a compose project; those that are built here are left out.",
      .parameters = {project_parameter(), services_parameter(), compose_deadline_parameter(1800, "for each image")},
      .returns = "table<string, string>",
      .returns_help = "image -> its id",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "image.failed", "process.missing", "timeout",
                 "unsupported", "cancelled"},
      .example = "compose.pull({})[\"redis:7.4-alpine\"] --> \"sha256:6ab0b6e7...\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_pull() { return std::make_unique<ComposePull>(); }

}  // namespace playbook
