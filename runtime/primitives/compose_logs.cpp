// compose.logs: what the containers of a project said.
#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ComposeLogs : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    learn_secrets(context, work.checked_config());
    Json lines = Json::array();
    for (const Container& container : work.containers()) {
      Command command;
      command.argv = {"docker", "logs", "--tail", std::to_string(args.at("tail").get<int>())};
      if (args.contains("since")) command.argv.insert(command.argv.end(), {"--since", args["since"].get<std::string>()});
      command.argv.push_back(container.id);
      command.deadline = std::chrono::minutes(2);
      Exit exit = context.children().run(
          command,
          [&](Stream, std::string_view line) {
            lines.push_back({{"service", container.service}, {"line", to_utf8(context.redactor().apply(line))}});
          },
          &context.cancel());
      context.cancel().check();
      if (exit.status != 0) throw Error(Code::container_failed, "cannot read the log of " + container.name + ": " + last_words(exit));
    }
    return lines;
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  const Declaration declaration_{
      .name = "compose.logs",
      .kind = Kind::read,
      .summary = "The last lines that the containers of a project said on both streams, secrets masked.",
      .parameters = {project_parameter(),
                     services_parameter(),
                     {"since", Type::string, "a time, such as clock.now gives", false, nullptr},
                     {"tail", Type::integer, "of each container", false, 200}},
      .returns = "{service: string, line: string}[]",
      .returns_help = "container by container, oldest first",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "unsupported"},
      .example = "compose.logs({}, {services={\"app\"}, tail=1})[1].line --> \"Server ready\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_logs() { return std::make_unique<ComposeLogs>(); }

}  // namespace playbook
