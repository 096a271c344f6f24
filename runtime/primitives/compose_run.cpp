// compose.run: runs a program in a container of its own, made like those of a service. A crash of this side leaves it running: the probe
// finds it by its label and waits for it.
#include "runtime/container/service_place.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/compose_program.h"

namespace playbook {
namespace {

class ComposeRun final : public ComposeProgram {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, {{"project", args.at("project")}, {"services", Json::array({args.at("service")})}});
    demand_images(work, work.checked_config());
    return nullptr;
  }

 private:
  std::unique_ptr<Place> place_of(Context& context, const Json& args) const override {
    return one_off_place(docker_tools(context), project_from(context, args.at("project")), args.at("service"),
                         get_or<std::string>(args, "user", ""));
  }

  std::optional<std::string> still_runs(Context& context, const Json& args) const override {
    ComposeWork work(context, {{"project", args.at("project")}});
    for (const Container& left : work.docker.containers({"playbook.action=" + context.action_id()}))
      if (left.is_running()) return " in container " + left.name;
    end_one_offs_of(work.docker, context.action_id());
    return std::nullopt;
  }

  std::string where(const Json& args) const override { return " in a new container of service " + args.at("service").get<std::string>(); }

  const Declaration declaration_{
      .name = "compose.run",
      .kind = Kind::change,
      .summary =
          "Runs a program that changes something in a container of its own, made like those of a service; what that depends on is not "
          "started.",
      .parameters = parameters(),
      .returns = "{status: integer, out: string, err: string, done_already: boolean}",
      .returns_help = "its status and the last 64 KiB of its output, secrets masked",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "image.failed", "process.failed", "process.missing",
                 "secret.missing", "timeout", "cancelled"},
      .example = "compose.run({}, \"app\", {\"./migrate\"}, {repeat_safe=true}).status --> 0",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_run() { return std::make_unique<ComposeRun>(); }

}  // namespace playbook
