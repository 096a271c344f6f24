// compose.check: what Compose itself makes of the files now, so that an edit is proved by its reader before anything starts by it.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ComposeCheck : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override {
    ComposeWork work(context, args);
    const Json services = summary(work.compose.config(), work.compose.name()).at("services");
    std::vector<std::string> problems;
    for (const auto& [service, wanted] : args.at("images").items()) {
      if (!services.contains(service))
        problems.push_back("there is no service " + service);
      else if (std::string found = get_or<std::string>(services[service], "image", "no image"); Json(found) != wanted)
        problems.push_back("service " + service + " would run " + found + ", expected " + wanted.get<std::string>());
    }
    if (problems.empty()) return work.compose.unset();
    throw Error(Code::compose_invalid, "project " + work.compose.name() + ": " + join(problems, "; "),
                "look whether a variable of the environment or another file wins: compose.config tells what is overridden");
  }

  Undo undo_kind(const Json&) const override { return Undo::not_needed; }
  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  const Declaration declaration_{
      .name = "compose.check",
      .kind = Kind::read,
      .summary = "Asks Compose whether services would run these images, as after an edit of .env; raises where one would not.",
      .parameters = {project_parameter(), {"images", Type::map, "service -> reference", true, nullptr}},
      .returns = "string[]",
      .returns_help = "variables that the files use and nobody sets",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "unsupported"},
      .example = "compose.check({}, {app=\"ghcr.io/acme/app:1.2.0\"}) --> {}",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_check() { return std::make_unique<ComposeCheck>(); }

}  // namespace playbook
