// compose.ps: the containers of a project, stopped ones too.
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ComposePs : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context& context, const Json& args, const Json&) override { return shown(ComposeWork(context, args).containers()); }
  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  const Declaration declaration_{
      .name = "compose.ps",
      .kind = Kind::read,
      .summary = "The containers of a compose project, stopped ones too, one-off ones not.",
      .parameters = {project_parameter(), services_parameter()},
      .returns =
          "{service: string, id: string, name: string, image: string, image_id: string, state: string, health: string?, "
          "exit_code: integer, restarts: integer, restart_policy: string, started: string}[]",
      .returns_help = "sorted by name; image is what was asked for, image_id what runs",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "unsupported"},
      .example = "compose.ps({})[1].state --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_ps() { return std::make_unique<ComposePs>(); }

}  // namespace playbook
