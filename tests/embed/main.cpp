// A tool that embeds the runtime: adds a primitive of its own, hears what happens, and runs a playbook that uses the primitive.
// Built by its own CMake project against an installed playbook; prints what the test expects.
#include <iostream>

#include "bindings/api/playbook.h"
#include "runtime/engine/context.h"

namespace {

/// `crew.on_call()`: a thing that only this tool knows.
class OnCall : public playbook::Primitive {
 public:
  const playbook::Declaration& declaration() const override { return declaration_; }
  playbook::Json run(playbook::Context&, const playbook::Json& args, const playbook::Json&) override {
    return args.at("day") == "Sunday" ? "Grace" : "Ada";
  }

 private:
  const playbook::Declaration declaration_{
      .name = "crew.on_call",
      .kind = playbook::Kind::read,
      .summary = "Gives who is on call.",
      .parameters = {{.name = "day", .type = playbook::Type::string, .help = "of the week", .required = true}},
      .returns = "string",
  };
};

struct Listener : playbook::Observer {
  void on_event(const playbook::Event& event) override { std::cout << event.kind << '\n'; }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  playbook::RuntimeOptions options;
  options.library = {argv[1]};
  options.guardian = argv[2];
  playbook::Runtime runtime(options);
  runtime.add(std::make_unique<OnCall>());

  playbook::RunRequest request;
  request.playbook = argv[3];
  request.instance = argv[4];
  request.params = {{"day", "Sunday"}};
  Listener listener;
  playbook::RunResult result = runtime.run(request, listener);
  std::cout << "exit " << result.exit << ", value " << result.value.dump() << '\n';
  if (result.error) std::cout << result.error->what() << '\n';
  return result.exit;
}
