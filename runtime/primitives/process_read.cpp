// process.read: asks a program a question. It is trusted to change nothing, so plans and checks run it too.
#include "runtime/primitives/process.h"

namespace playbook {
namespace {

class ProcessRead : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }
  Json run(Context& context, const Json& args, const Json&) override { return run_command(context, args); }
  std::vector<std::string> touches(Context&, const Json&) const override { return {"*"}; }

 private:
  const Declaration declaration_{
      .name = "process.read",
      .kind = Kind::read,
      .summary = "Asks a program a question; it must change nothing, for plans and checks run it too.",
      .parameters = command_parameters(60),
      .returns = "{status: integer, out: string, err: string}",
      .returns_help = "its status and the last 64 KiB of its output, secrets masked",
      .errors = {"process.failed", "process.missing", "secret.missing", "timeout", "cancelled"},
      .example = "process.read({\"git\", \"rev-parse\", \"HEAD\"}).out --> \"1f3870be274f6c49b3e31a0c6728957f7e2a1b90\\n\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_process_read() { return std::make_unique<ProcessRead>(); }

}  // namespace playbook
