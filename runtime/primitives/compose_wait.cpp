// compose.wait: looks until services are in the state that is waited for.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

using namespace std::chrono_literals;

class ComposeWait : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    const std::string wanted = args.at("state");
    if (wanted != "running" && wanted != "healthy" && wanted != "completed" && wanted != "stopped")
      throw Error(Code::argument_invalid, "compose.wait: state must be running, healthy, completed or stopped, found \"" + wanted + "\"");
    ComposeWork work(context, args);
    if (work.services.empty()) throw Error(Code::argument_invalid, "compose.wait: services must name at least one");
    work.checked_config();
    const auto deadline = duration_of(args, "deadline"), pause = std::chrono::milliseconds(200);
    for (const auto end = context.clock().monotonic() + deadline;;) {
      std::vector<Container> containers = work.containers();
      std::string missing;
      for (const std::string& service : work.services)
        if (std::string said = difference(context, work, containers, service, wanted); !said.empty()) missing = said;
      if (missing.empty()) return shown(containers);
      if (context.clock().monotonic() + pause >= end)
        throw Error(Code::timeout, missing + " after " + humane(deadline) + ", expected " + wanted, "look at its log");
      if (!context.cancel().wait(pause)) context.cancel().check();
    }
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }
  Planned plan(Context&, const Json& args) override {
    Planned planned;
    planned.text =
        "wait until " + join(get_or<std::vector<std::string>>(args, "services", {}), ", ") + " is " + args.at("state").get<std::string>();
    return planned;
  }

 private:
  // What a service still lacks, "" for nothing. Throws where waiting is vain.
  static std::string difference(Context& context, const ComposeWork& work, const std::vector<Container>& containers,
                                const std::string& service, const std::string& wanted) {
    auto found = std::find_if(containers.begin(), containers.end(), [&](const Container& one) { return one.service == service; });
    if (found == containers.end()) return wanted == "stopped" ? "" : "service " + service + " has no container";
    const bool ended = found->state == "exited" || found->state == "dead";
    if (wanted == "stopped") return found->is_running() ? "service " + service + " is " + found->state : "";
    if (ended && (wanted == "completed" ? found->exit_code != 0 : found->policy == "no" || found->exit_code == 0))
      throw has_ended(context, work, *found);
    if (wanted == "completed") return ended ? "" : "service " + service + " is " + found->state;
    if (found->state != "running") return "service " + service + " is " + found->state;
    if (wanted == "running" || found->health == "healthy") return "";
    if (found->health.empty())
      throw Error(Code::container_failed, "service " + service + " has no health check, so that nobody can wait for it to be healthy",
                  "wait for its own answer with http.wait");
    return "service " + service + " is " + found->health;
  }

  const Declaration declaration_{
      .name = "compose.wait",
      .kind = Kind::read,
      .summary = "Waits until services of a project are in a state; a service that ended instead ends the waiting.",
      .parameters = {project_parameter(),
                     {"services", Type::strings, "which; must be given", false, nullptr},
                     {"state", Type::string, "running, healthy, completed (ended with status 0) or stopped", false, "running"},
                     compose_deadline_parameter(60, "how long to go on")},
      .returns = "{service: string, id: string, state: string}[]",
      .returns_help = "the containers as compose.ps gives them",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "compose.wait({}, {services={\"migrate\"}, state=\"completed\", deadline=300})[1].exit_code --> 0",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_wait() { return std::make_unique<ComposeWait>(); }

}  // namespace playbook
