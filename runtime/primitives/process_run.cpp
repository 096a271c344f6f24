// process.run: runs a program that changes something. What a crash inside it means, the author says: `done_when`, `repeat_safe`, or nobody
// knows.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all = command_parameters(nullptr);
  for (Parameter& parameter : change_parameters()) all.push_back(std::move(parameter));
  return all;
}

std::filesystem::path folder_of(const Context& context, const Json& args) {
  return args.contains("folder") ? context.resolve(args["folder"]) : context.instance();
}

class ProcessRun : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    HostPlace here(context.children());
    if (is_done(context, args, here, folder_of(context, args))) {
      context.log(LogLevel::info, "done already, says " + command_line(args.at("done_when")));
      return done_already(args);
    }
    context.reach("process.run.before");
    Json result = run_command(context, args);
    context.reach("process.run.after");
    result["done_already"] = false;
    return result;
  }

  Planned plan(Context& context, const Json& args) override {
    Planned planned;
    planned.text = "run " + command_line(args.at("argv"));
    if (args.contains("folder")) planned.text += " in " + context.resolve(args["folder"]).string();
    if (args.contains("done_when")) planned.text += "\nunless " + command_line(args["done_when"]) + " says that it is done";
    return planned;
  }

  Undo undo_kind(const Json& args) const override { return is_harmless(args) ? Undo::not_needed : Undo::impossible; }

  Json told_done(const Json& args) const override { return done_already(args); }

  Probe probe(Context& context, const Record& record) override {
    HostPlace here(context.children());
    return probe_command(context, record, here, folder_of(context, record.args));
  }

  std::vector<std::string> touches(Context&, const Json& args) const override {
    if (!is_harmless(args)) return {"*"};
    return {"process:" + (args.at("argv").empty() ? "" : args["argv"][0].get<std::string>())};
  }

  bool may_lose_data(const Json& args) const override { return !is_harmless(args); }

 private:
  const Declaration declaration_{
      .name = "process.run",
      .kind = Kind::change,
      .summary = "Runs a program that changes something.",
      .parameters = parameters(),
      .returns = "{status: integer, out: string, err: string, done_already: boolean}",
      .returns_help = "its status and the last 64 KiB of its output, secrets masked",
      .errors = {"process.failed", "process.missing", "secret.missing", "timeout", "cancelled"},
      .example = "process.run({\"./rebuild-index\", \"--all\"}, {deadline=600, repeat_safe=true}).status --> 0",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_process_run() { return std::make_unique<ProcessRun>(); }

}  // namespace playbook
