// compose.up: makes and starts services as the files say, out of images that are here: it neither builds nor pulls. Its undo stops what it
// started; what ran before comes back by the undo of compose.stop, once the files are the old ones again.
#include <algorithm>

#include "runtime/base/error.h"
#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

class ComposeUp : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    Json config = work.checked_config();
    learn_secrets(context, config);
    demand_images(work, config);
    return {{"before", shown(work.compose.containers())}};
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

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    ComposeWork work(context, record.args);
    stop_started(context, work, record.prepared.at("before"), duration_of(record.args, "deadline"));
  }

  /// Compose itself goes on where it was.
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

  std::optional<std::string> drift(Context& context, const Record& record) override { return changed_from_outside(context, record); }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args)}; }
  bool may_lose_data(const Json&) const override { return true; }

 private:
  // A service that ended with a status is why Compose gave up: its last line says more than Compose does.
  static void explain(Context& context, ComposeWork& work, const Json& prepared, const Error& error) {
    for (const Container& one : work.compose.containers()) {
      bool was_there = std::any_of(prepared.at("before").begin(), prepared["before"].end(),
                                   [&](const Json& was) { return was.at("id") == one.id && was.at("started") == one.started; });
      if (was_there || one.is_running() || one.exit_code == 0) continue;
      Json lines = Json::array();
      for (const std::string& line : work.docker.last_lines(one, 20)) lines.push_back(context.redactor().apply(line));
      std::string last = lines.empty() ? "" : ": " + lines.back().get<std::string>().substr(0, 500);
      throw Error(Code::container_failed,
                  error.message() + "; service " + one.service + " ended with status " + std::to_string(one.exit_code) + last, "",
                  {{"service", one.service}, {"status", one.exit_code}, {"last_lines", lines}});
    }
  }

  const Declaration declaration_{
      .name = "compose.up",
      .kind = Kind::change,
      .summary =
          "Makes and starts services as the compose files say, from images that are here; an application may migrate its data as it "
          "starts.",
      .parameters = {project_parameter(), services_parameter("with what they depend on; all when not given"),
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
