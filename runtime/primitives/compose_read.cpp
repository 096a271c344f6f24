// compose.read: runs a program that changes nothing in the container of a service.
#include "runtime/primitives/compose.h"
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

std::vector<Parameter> parameters() {
  std::vector<Parameter> all{project_parameter(), {"service", Type::string, "which", true, nullptr}};
  for (Parameter& parameter : command_parameters(60)) all.push_back(std::move(parameter));
  all.push_back({"user", Type::string, "as whom; the container's own when not given", false, nullptr});
  return all;
}

class ComposeRead : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context& context, const Json& args, const Json&) override {
    auto place = open_service_place(context, args.at("project"), args.at("service"), get_or<std::string>(args, "user", ""));
    return run_command(context, args, *place, get_or<std::string>(args, "folder", ""));
  }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  const Declaration declaration_{
      .name = "compose.read",
      .kind = Kind::read,
      .summary = "Runs a program that changes nothing in the running container of a service.",
      .parameters = parameters(),
      .returns = "{status: integer, out: string, err: string}",
      .returns_help = "its status and the last 64 KiB of its output, secrets masked",
      .errors = {"argument.invalid", "container.failed", "process.failed", "process.missing", "secret.missing", "timeout", "cancelled"},
      .example = "compose.read({}, \"app\", {\"./manage\", \"version\"}).out --> \"1.2.0\\n\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_read() { return std::make_unique<ComposeRead>(); }

}  // namespace playbook
