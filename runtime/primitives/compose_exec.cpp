// compose.exec: runs a program in the container of a service. A crash of this side leaves it running there: the probe finds it by its
// action id and waits for it.
#include "runtime/container/service_place.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/compose_program.h"

namespace playbook {
namespace {

class ComposeExec final : public ComposeProgram {
 public:
  const Declaration& declaration() const override { return declaration_; }

 private:
  std::unique_ptr<Place> place_of(Context& context, const Json& args) const override {
    return open_service_place(context, args.at("project"), args.at("service"), get_or<std::string>(args, "user", ""));
  }

  std::optional<std::string> still_runs(Context& context, const Json& args) const override {
    ComposeWork work(context, {{"project", args.at("project")}});
    const std::string service = args.at("service");
    for (const Container& container : work.compose.containers({service})) {
      if (container.state != "running") continue;
      std::vector<int> alive = processes_of(work.docker, container, context.action_id(), get_or<std::string>(args, "user", ""));
      if (!alive.empty()) return where(args) + ", process " + std::to_string(alive[0]);
    }
    return std::nullopt;
  }

  std::string where(const Json& args) const override { return " in service " + args.at("service").get<std::string>(); }

  const Declaration declaration_{
      .name = "compose.exec",
      .kind = Kind::change,
      .summary = "Runs a program that changes something in the running container of a service.",
      .parameters = parameters(),
      .returns = "{status: integer, out: string, err: string, done_already: boolean}",
      .returns_help = "its status and the last 64 KiB of its output, secrets masked",
      .errors = {"argument.invalid", "container.failed", "process.failed", "process.missing", "secret.missing", "timeout", "cancelled"},
      .example = "compose.exec({}, \"app\", {\"./manage\", \"reindex\"}, {repeat_safe=true}).status --> 0",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_exec() { return std::make_unique<ComposeExec>(); }

}  // namespace playbook
