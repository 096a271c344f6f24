// compose.up: makes and starts services as the files say, out of images that are here: it neither builds nor pulls. It replaces no server
// that runs by another image: what the files were then is not known any more, so that its undo could not bring the old one back. The undo
// of compose.stop can, once the files are the old ones again.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose_starting.h"

namespace playbook {
namespace {

class ComposeUp final : public ComposeStarting {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    Json config = work.checked_config();
    learn_secrets(context, config);
    demand_images(work, config);
    demand_same_images(work, config);
    return {{"before", shown(work.compose.containers())}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ComposeWork work(context, args);
    std::vector<std::string> order{"up", "--detach", "--no-build"};
    if (work.compose.tool().generation == 2) order.insert(order.end(), {"--pull", "never"});
    order.insert(order.end(), work.services.begin(), work.services.end());
    context.reach("compose.up.before");
    try {
      work.compose.must("start " + work.compose.name(), order, duration_of(args, "deadline"));
    } catch (const Error& error) {
      if (error.code() == Code::container_failed) explain(context, work, prepared, error);
      throw;
    }
    context.reach("compose.up.done");
    return shown(work.containers());
  }

  Planned plan(Context&, const Json& args) override {
    std::vector<std::string> services = get_or<std::vector<std::string>>(args, "services", {});
    Planned planned;
    planned.text = "make and start " + (services.empty() ? "all services" : join(services, ", ")) + " as the compose files say";
    return planned;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  static void demand_same_images(ComposeWork& work, const Json& config) {
    const Json services = summary(config, work.compose.name()).at("services");
    for (const Container& one : work.containers()) {
      const std::string image = get_or<std::string>(services.value(one.service, Json::object()), "image", "");
      const std::optional<Json> found = one.is_running() && !image.empty() ? work.docker.image(image) : std::nullopt;
      if (found && found->at("Id") != one.image_id)
        throw Error(Code::container_failed,
                    "service " + one.service + " runs " + one.image + " and would be replaced by " + image + " while it runs",
                    "stop it first with compose.stop, whose undo brings it back; nothing was changed");
    }
  }

  // A service that ended with a status is why Compose gave up: its log says more than Compose does.
  static void explain(Context& context, ComposeWork& work, const Json& prepared, const Error& error) {
    for (const Container& one : work.compose.containers()) {
      bool was_there = std::any_of(prepared.at("before").begin(), prepared["before"].end(),
                                   [&](const Json& was) { return was.at("id") == one.id && was.at("started") == one.started; });
      if (was_there || one.is_running() || one.exit_code == 0) continue;
      throw has_ended(context, work, one, error.message() + "; ");
    }
  }

  const Declaration declaration_{
      .name = "compose.up",
      .kind = Kind::change,
      .summary =
          "Makes and starts services as the compose files say, from images that are here; an application may migrate its data as it "
          "starts.",
      .parameters = {project_parameter(), services_parameter("with what they depend on; all when not given"),
                     compose_deadline_parameter(600)},
      .returns = "{service: string, id: string, state: string}[]",
      .returns_help = "the containers as compose.ps gives them",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "image.failed", "process.missing", "timeout",
                 "unsupported", "cancelled"},
      .example = "compose.up({})[1].state --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_up() { return std::make_unique<ComposeUp>(); }

}  // namespace playbook
