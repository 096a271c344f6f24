// compose.start: starts the containers that services have, as they are; nothing is made anew.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/primitives/compose_starting.h"

namespace playbook {
namespace {

class ComposeStart final : public ComposeStarting {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    if (!work.services.empty()) work.checked_config();
    return {{"before", shown(work.compose.containers())}};
  }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    std::vector<Container> containers = work.containers();
    for (const std::string& service : work.services)
      if (std::none_of(containers.begin(), containers.end(), [&](const Container& one) { return one.service == service; }))
        throw Error(Code::container_failed, "service " + service + " of " + work.compose.name() + " has no container to start",
                    "compose.up makes one");
    for (const Container& one : containers) {
      if (one.state == "running") continue;
      context.reach("compose.start.before");
      work.docker.must("start " + one.name, {"start", one.id}, true, duration_of(args, "deadline"));
      context.reach("compose.start.done");
    }
    return shown(work.containers());
  }

  Planned plan(Context& context, const Json& args) override {
    std::string text;
    for (const Container& one : ComposeWork(context, args).containers())
      if (!one.is_running()) text += (text.empty() ? "start " : ", ") + one.service;
    Planned planned;
    planned.text = text.empty() ? "start nothing: all of it runs" : text;
    return planned;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args, "/run")}; }

 private:
  const Declaration declaration_{
      .name = "compose.start",
      .kind = Kind::change,
      .summary = "Starts the containers that services have, as they are; an application may migrate its data as it starts.",
      .parameters = {project_parameter(), services_parameter(), compose_deadline_parameter(300)},
      .returns = "{service: string, id: string, state: string}[]",
      .returns_help = "the containers as compose.ps gives them",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "compose.start({}, {services={\"app\"}})[1].state --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_start() { return std::make_unique<ComposeStart>(); }

}  // namespace playbook
