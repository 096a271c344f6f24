// compose.up: makes and starts services as the files say, out of images that are here: it neither builds nor pulls. It replaces no server
// that runs by another image: what the files were then is not known any more, so that its undo could not bring the old one back. The undo
// of compose.stop can, once the files are the old ones again.
#include <algorithm>
#include <future>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose_starting.h"

namespace playbook {
namespace {

class ComposeUp final : public ComposeStarting {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    auto asked = std::async(std::launch::async, [&] { return ComposeWork(context, args).compose.containers(); });
    ComposeWork work(context, args);
    Json config = work.checked_config();
    learn_secrets(context, config);
    demand_named_images(work, config, get_or<Json>(args, "images", Json::object()));
    const std::map<std::string, std::string> ids = demand_images(work, config);
    const std::vector<Container> containers = asked.get();
    demand_same_images(work, config, ids, containers);
    return {{"before", shown(containers)}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ComposeWork work(context, args);
    std::vector<std::string> order{"up", "--detach", "--no-build"};
    if (work.compose.tool().generation == 2) order.insert(order.end(), {"--pull", "never"});
    order.insert(order.end(), work.services.begin(), work.services.end());
    context.reach("compose.up.before");
    try {
      work.compose.must("start " + work.compose.name(), order, duration_of(args, "deadline"));
    } catch (const Error& error) {
      if (error.code() == Code::container_failed) explain(context, work, prepared, error);
      throw;
    }
    context.reach("compose.up.done");
    return shown(work.containers());
  }

  Planned plan(Context&, const Json& args) override {
    std::vector<std::string> services = get_or<std::vector<std::string>>(args, "services", {});
    Planned planned;
    planned.text = "make and start " + (services.empty() ? "all services" : join(services, ", ")) + " as the compose files say";
    return planned;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }

 private:
  static void demand_named_images(ComposeWork& work, const Json& config, const Json& named) {
    const Json services = summary(config, work.compose.name()).at("services");
    std::vector<std::string> problems;
    for (const auto& [service, wanted] : named.items())
      if (!services.contains(service))
        problems.push_back("there is no service " + service);
      else if (std::string found = get_or<std::string>(services[service], "image", "no image"); Json(found) != wanted)
        problems.push_back("service " + service + " would run " + found + ", expected " + wanted.get<std::string>());
    if (!problems.empty())
      throw Error(Code::compose_invalid, "project " + work.compose.name() + ": " + join(problems, "; "),
                  "look whether a variable of the environment or another file wins: compose.config tells what is overridden");
  }

  static void demand_same_images(ComposeWork& work, const Json& config, const std::map<std::string, std::string>& ids,
                                 const std::vector<Container>& containers) {
    const Json services = summary(config, work.compose.name()).at("services");
    for (const Container& one : containers) {
      const bool is_meant =
          work.services.empty() || std::find(work.services.begin(), work.services.end(), one.service) != work.services.end();
      const std::string image = get_or<std::string>(services.value(one.service, Json::object()), "image", "");
      const auto found = ids.find(image);
      if (is_meant && one.is_running() && found != ids.end() && found->second != one.image_id)
        throw Error(Code::container_failed,
                    "service " + one.service + " runs " + one.image + " and would be replaced by " + image + " while it runs",
                    "stop it first with compose.stop, whose undo brings it back; nothing was changed");
    }
  }

  // A service that ended with a status is why Compose gave up: its log says more than Compose does.
  static void explain(Context& context, ComposeWork& work, const Json& prepared, const Error& error) {
    for (const Container& one : work.compose.containers()) {
      bool was_there = std::any_of(prepared.at("before").begin(), prepared["before"].end(),
                                   [&](const Json& was) { return was.at("id") == one.id && was.at("started") == one.started; });
      if (was_there || one.is_running() || one.exit_code == 0) continue;
      throw has_ended(context, work, one, error.message() + "; ");
    }
  }

  const Declaration declaration_{
      .name = "compose.up",
      .kind = Kind::change,
      .summary =
          "Makes and starts services as the compose files say, from images that are here; an application may migrate its data as it "
          "starts.",
      .parameters = {project_parameter(),
                     services_parameter("with what they depend on; all when not given"),
                     {"images", Type::map,
                      "service -> reference: Compose is asked first whether the files name them, such as after an edit of .env", false,
                      nullptr},
                     compose_deadline_parameter(600)},
      .returns = "{service: string, id: string, state: string}[]",
      .returns_help = "the containers as compose.ps gives them",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "image.failed", "process.missing", "timeout",
                 "unsupported", "cancelled"},
      .example = "compose.up({})[1].state --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_up() { return std::make_unique<ComposeUp>(); }

}  // namespace playbook
