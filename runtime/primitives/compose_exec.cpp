// compose.exec: runs a program in the container of a service. A crash of this side leaves it running there: the probe finds it by its
// action id and waits for it.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/container/service_place.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all{project_parameter(), {"service", Type::string, "which", true, nullptr}};
  for (Parameter& parameter : command_parameters(nullptr)) all.push_back(std::move(parameter));
  all.push_back({"user", Type::string, "as whom; the container's own when not given", false, nullptr});
  for (Parameter& parameter : change_parameters()) all.push_back(std::move(parameter));
  return all;
}

std::filesystem::path folder_of(const Json& args) { return get_or<std::string>(args, "folder", ""); }

class ComposeExec : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    auto place = place_of(context, args);
    if (is_done(context, args, *place, folder_of(args))) {
      context.log(LogLevel::info, "done already, says " + command_line(args.at("done_when")));
      return done_already(args);
    }
    context.reach("compose.exec.before");
    Json result = run_command(context, args, *place, folder_of(args));
    context.reach("compose.exec.after");
    result["done_already"] = false;
    return result;
  }

  Planned plan(Context&, const Json& args) override {
    std::string text = "run " + command_line(args.at("argv")) + " in service " + args.at("service").get<std::string>();
    if (args.contains("done_when")) text += "\nunless " + command_line(args["done_when"]) + " says that it is done";
    Planned planned;
    planned.text = text;
    return planned;
  }

  Undo undo_kind(const Json& args) const override { return is_harmless(args) ? Undo::not_needed : Undo::impossible; }

  Probe probe(Context& context, const Record& record) override {
    ComposeWork work(context, {{"project", record.args.at("project")}});
    const std::string service = record.args.at("service");
    for (const Container& container : work.compose.containers({service})) {
      if (container.state != "running") continue;
      std::vector<int> alive = processes_of(work.docker, container, context.action_id(), get_or<std::string>(record.args, "user", ""));
      if (!alive.empty())
        return {Probe::State::running, nullptr,
                command_line(record.args.at("argv")) + " in service " + service + ", process " + std::to_string(alive[0]), false};
    }
    auto place = place_of(context, record.args);
    return probe_command(context, record, *place, folder_of(record.args));
  }

  std::vector<std::string> touches(Context&, const Json& args) const override {
    if (!is_harmless(args)) return {"*"};
    return {"process:" + args.at("service").get<std::string>()};
  }
  bool may_lose_data(const Json& args) const override { return !is_harmless(args); }

 private:
  static std::unique_ptr<Place> place_of(Context& context, const Json& args) {
    return open_service_place(context, args.at("project"), args.at("service"), get_or<std::string>(args, "user", ""));
  }

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
