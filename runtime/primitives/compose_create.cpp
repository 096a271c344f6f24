// compose.create: makes the containers of services, their networks and volumes, and starts nothing: where an instance is brought back on an
// empty machine, data is put into its volumes before anything runs.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

class ComposeCreate final : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    const Json config = work.checked_config();
    learn_secrets(context, config);
    demand_images(work, config);
    return nullptr;
  }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    for (const Container& one : work.containers())
      if (one.is_running())
        throw Error(Code::container_failed, "service " + one.service + " runs, and its container could be replaced",
                    "stop it first with compose.stop; nothing was changed");
    std::vector<std::string> order{"up", "--no-start", "--no-build"};
    if (work.compose.tool().generation == 2) order.insert(order.end(), {"--pull", "never"});
    order.insert(order.end(), work.services.begin(), work.services.end());
    context.reach("compose.create.before");
    work.compose.must("make the containers of " + work.compose.name(), order, duration_of(args, "deadline"));
    context.reach("compose.create.done");
    return shown(work.containers());
  }

  Planned plan(Context&, const Json& args) override {
    const auto services = get_or<std::vector<std::string>>(args, "services", {});
    Planned planned;
    planned.text = "make the containers and volumes of " + (services.empty() ? "all services" : join(services, ", ")) + ", and start none";
    return planned;
  }

  /// What stands still and holds nothing may stay.
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  const Declaration declaration_{
      .name = "compose.create",
      .kind = Kind::change,
      .summary = "Makes the containers, networks and volumes of services as the compose files say, and starts nothing.",
      .parameters = {project_parameter(), services_parameter("with what they depend on; all when not given"),
                     compose_deadline_parameter(300)},
      .returns = "{service: string, id: string, state: string}[]",
      .returns_help = "the containers as compose.ps gives them",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "image.failed", "process.missing", "timeout",
                 "unsupported", "cancelled"},
      .example = "compose.create({})[1].state --> \"created\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_create() { return std::make_unique<ComposeCreate>(); }

}  // namespace playbook
