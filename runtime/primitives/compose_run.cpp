// compose.run: runs a program in a container of its own, made like those of a service. A crash of this side leaves it running: the probe
// finds it by its label and waits for it.
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

class ComposeRun : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, {{"project", args.at("project")}, {"services", Json::array({args.at("service")})}});
    demand_images(work, work.checked_config());
    return nullptr;
  }

  Json run(Context& context, const Json& args, const Json&) override {
    auto place = place_of(context, args);
    if (is_done(context, args, *place, folder_of(args))) {
      context.log(LogLevel::info, "done already, says " + command_line(args.at("done_when")));
      return done_already(args);
    }
    context.reach("compose.run.before");
    Json result = run_command(context, args, *place, folder_of(args));
    context.reach("compose.run.after");
    result["done_already"] = false;
    return result;
  }

  Planned plan(Context&, const Json& args) override {
    std::string text = "run " + command_line(args.at("argv")) + " in a new container of service " + args.at("service").get<std::string>();
    if (args.contains("done_when")) text += "\nunless " + command_line(args["done_when"]) + " says that it is done";
    Planned planned;
    planned.text = text;
    return planned;
  }

  Undo undo_kind(const Json& args) const override { return is_harmless(args) ? Undo::not_needed : Undo::impossible; }

  Probe probe(Context& context, const Record& record) override {
    ComposeWork work(context, {{"project", record.args.at("project")}});
    for (const Container& left : work.docker.containers({"playbook.action=" + context.action_id()})) {
      if (left.is_running())
        return {Probe::State::running, nullptr, command_line(record.args.at("argv")) + " in container " + left.name, false};
    }
    end_one_offs_of(work.docker, context.action_id());
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
    return one_off_place(docker_tools(context), project_from(context, args.at("project")), args.at("service"),
                         get_or<std::string>(args, "user", ""));
  }

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
