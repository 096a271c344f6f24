// playbook doc [NAME]: documentation made from the declarations: of a primitive, a module of them, or a playbook.
#include "bindings/cli/command.h"
#include "bindings/cli/command_line.h"
#include "bindings/cli/event_text.h"
#include "bindings/cli/instance.h"
#include "bindings/cli/parameter_options.h"

namespace playbook::cli {
namespace {

std::string overview_of(const Registry& primitives) {
  std::string text;
  std::string module;
  std::vector<std::vector<std::string>> rows;
  auto flush = [&] {
    if (!rows.empty()) text += (text.empty() ? "" : "\n") + module + "\n" + table(rows, "  ");
    rows.clear();
  };
  for (const Primitive* primitive : primitives.all()) {
    const Declaration& declaration = primitive->declaration();
    const std::string of = declaration.name.substr(0, declaration.name.find('.'));
    if (of != module) flush();
    module = of;
    rows.push_back({declaration.name, one_line(declaration.summary)});
  }
  flush();
  text +=
      "\nthe language\n  playbook.define  step  gates  gate  expect  downtime  way_back  confirm  retry  playbook.check  playbook.instance "
      " "
      "playbook.accepted  playbook.data\n";
  return text + "\n`playbook doc NAME` shows one of them, `playbook doc --stubs` all of them for an editor.\n";
}

std::string playbook_doc(const Definition& definition) {
  std::string text = definition.name + "\n  " + one_line(definition.summary) + "\n";
  if (!definition.help.empty()) text += "\n" + printable(std::string(trim(definition.help))) + "\n";
  OptionSet options("playbook run");
  const ParameterOptions parameters(definition, options);
  const std::string help = options.help();
  return text + (help.empty() ? "" : "\n" + help);
}

class DocCommand : public Command {
  void declare(OptionSet& options) override {
    options.word("name", name_);
    options.flag("--stubs", stubs_, "LuaCATS stubs of everything that a playbook can call, for an editor");
    host_.declare(options);
  }

  ExitCode run(Runtime& runtime, Shell& shell) override {
    if (stubs_)
      shell.out << lua_stubs(runtime.primitives());
    else if (name_.empty())
      shell.out << overview_of(runtime.primitives());
    else if (name_.find('/') != std::string::npos || is_playbook_file(name_))
      shell.out << playbook_doc(runtime.define(name_, std::filesystem::current_path()));
    else
      shell.out << lua_reference(runtime.primitives(), name_);
    return kReached;
  }

  std::string name_;
  bool stubs_ = false;
};

}  // namespace

std::unique_ptr<Command> make_doc_command() { return std::make_unique<DocCommand>(); }

}  // namespace playbook::cli
