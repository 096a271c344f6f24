// process.run: runs a program that changes something. What a crash inside it means, the author says: `done_when`, `repeat_safe`, or nobody
// knows.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all = command_parameters(nullptr);
  all.push_back({"harmless", Type::boolean, "it cannot touch the application's data, so it needs no way back", false, false});
  all.push_back({"repeat_safe", Type::boolean, "running it again after it was cut short is right", false, false});
  all.push_back({"done_when", Type::strings,
                 "a question: a command whose status 0 says that this is done already; asked before it runs and after a crash", false,
                 nullptr});
  return all;
}

class ProcessRun : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    if (is_done(context, args)) {
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
    std::string what = command_line(record.args.at("argv"));
    if (record.args.contains("done_when")) try {
        if (is_done(context, record.args)) return {Probe::State::done, done_already(record.args), "", false};
        return {Probe::State::not_done, nullptr, "", false};
      } catch (const Error& error) {
        if (error.code() == Code::cancelled) throw;
        return {Probe::State::unknown, nullptr, what + " was cut short, and its done_when does not answer: " + error.message(), true};
      }
    if (get_or(record.args, "repeat_safe", false)) return {Probe::State::not_done, nullptr, "", false};
    return {Probe::State::unknown, nullptr, what + " was cut short; it may have done all, part or nothing of its work", true};
  }

  std::vector<std::string> touches(Context&, const Json& args) const override {
    if (!is_harmless(args)) return {"*"};
    return {"process:" + (args.at("argv").empty() ? "" : args["argv"][0].get<std::string>())};
  }

  bool may_lose_data(const Json& args) const override { return !is_harmless(args); }

 private:
  static bool is_harmless(const Json& args) { return get_or(args, "harmless", false); }

  // Any other status means no; a command that is missing, hangs or is killed is an error, for it answered nothing.
  static bool is_done(Context& context, const Json& args) {
    if (!args.contains("done_when")) return false;
    Command command;
    command.argv = args["done_when"].get<std::vector<std::string>>();
    command.folder = args.contains("folder") ? context.resolve(args["folder"]) : context.instance();
    const Json environment = get_or<Json>(args, "env", Json::object());  // outlives the loop
    for (const auto& [name, value] : environment.items()) command.environment[name] = context.open_secret(value);
    command.deadline = std::chrono::minutes(1);
    command.capture_limit = 0;
    Exit exit = context.children().run(command, nullptr, &context.cancel());
    if (exit.cancelled) throw Error(Code::cancelled, command_line(command.argv) + " was cancelled and ended");
    if (exit.timed_out || exit.signal)
      throw Error(Code::process_failed,
                  command_line(command.argv) + " gave no answer: it " + (exit.timed_out ? "did not end within a minute" : "was killed"));
    return exit.status == 0;
  }

  static Json done_already(const Json& args) {
    return {{"status", args.at("ok").empty() ? Json(0) : args["ok"][0]}, {"out", ""}, {"err", ""}, {"done_already", true}};
  }

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
