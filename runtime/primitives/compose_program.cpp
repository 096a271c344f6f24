#include "runtime/primitives/compose_program.h"

#include "runtime/primitives/compose.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::filesystem::path folder_of(const Json& args) { return get_or<std::string>(args, "folder", ""); }

}  // namespace

std::vector<Parameter> ComposeProgram::parameters() {
  std::vector<Parameter> all{project_parameter(), {"service", Type::string, "which", true, nullptr}};
  for (Parameter& parameter : command_parameters(nullptr)) all.push_back(std::move(parameter));
  all.push_back({"user", Type::string, "as whom; the container's own when not given", false, nullptr});
  for (Parameter& parameter : change_parameters()) all.push_back(std::move(parameter));
  return all;
}

Json ComposeProgram::run(Context& context, const Json& args, const Json&) {
  auto place = place_of(context, args);
  if (is_done(context, args, *place, folder_of(args))) {
    context.log(LogLevel::info, "done already, says " + command_line(args.at("done_when")));
    return done_already(args);
  }
  context.reach(declaration().name + ".before");
  Json result = run_command(context, args, *place, folder_of(args));
  context.reach(declaration().name + ".after");
  result["done_already"] = false;
  return result;
}

Planned ComposeProgram::plan(Context&, const Json& args) {
  Planned planned;
  planned.text = "run " + command_line(args.at("argv")) + where(args);
  if (args.contains("done_when")) planned.text += "\nunless " + command_line(args["done_when"]) + " says that it is done";
  return planned;
}

Undo ComposeProgram::undo_kind(const Json& args) const { return is_harmless(args) ? Undo::not_needed : Undo::impossible; }

Probe ComposeProgram::probe(Context& context, const Record& record) {
  if (std::optional<std::string> place = still_runs(context, record.args))
    return {Probe::State::running, nullptr, command_line(record.args.at("argv")) + *place, false};
  auto place = place_of(context, record.args);
  return probe_command(context, record, *place, folder_of(record.args));
}

std::vector<std::string> ComposeProgram::touches(Context&, const Json& args) const {
  if (!is_harmless(args)) return {"*"};
  return {"process:" + args.at("service").get<std::string>()};
}

bool ComposeProgram::may_lose_data(const Json& args) const { return !is_harmless(args); }

}  // namespace playbook
