// compose.stop: stops services. Its undo brings back what ran, with the images that it ran, after other undos restored the files.
#include <algorithm>

#include "runtime/base/text.h"
#include "runtime/primitives/compose.h"
#include "runtime/primitives/duration.h"

namespace playbook {
namespace {

class ComposeStop : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    if (!work.services.empty()) work.checked_config();
    return {{"before", shown(work.containers())}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ComposeWork work(context, args);
    std::optional<int> grace;
    if (args.contains("grace")) grace = static_cast<int>(args["grace"].get<double>() + 0.999);
    stop_services(context, work, work.services, grace, duration_of(args, "deadline"));
    return result(prepared);
  }

  Planned plan(Context& context, const Json& args) override {
    Json prepared = prepare(context, args), stopped = result(prepared);
    std::vector<std::string> names = stopped.at("stopped").get<std::vector<std::string>>();
    return {.text = names.empty() ? "stop nothing: no service of it runs" : "stop " + join(names, ", "),
            .diff = "",
            .predicted = true,
            .result = stopped};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    ComposeWork work(context, record.args);
    const Json& before = record.prepared.at("before");
    bring_back(context, work, before, duration_of(record.args, "deadline"));
    bring_back_ended(context, work, before, duration_of(record.args, "deadline"));
  }

  /// Stopping twice is stopping once.
  Probe probe(Context& context, const Record& record) override {
    for (const Container& one : ComposeWork(context, record.args).containers())
      if (one.is_running()) return {Probe::State::not_done, nullptr, "", false};
    return {Probe::State::done, result(record.prepared), "", false};
  }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    for (const Container& one : ComposeWork(context, record.args).containers())
      if (one.is_running()) return "service " + one.service + " runs (container " + one.name + ") although the run had stopped it";
    return std::nullopt;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args, "/run")}; }
  bool repeatable() const override { return true; }

 private:
  static Json result(const Json& prepared) {
    Json stopped = Json::array();
    for (const Json& was : prepared.at("before"))
      if (was.at("state") == "running" || was["state"] == "restarting")
        if (std::find(stopped.begin(), stopped.end(), was["service"]) == stopped.end()) stopped.push_back(was["service"]);
    return {{"stopped", stopped}};
  }

  const Declaration declaration_{
      .name = "compose.stop",
      .kind = Kind::change,
      .summary = "Stops services of a compose project; nothing is removed.",
      .parameters = {project_parameter(),
                     services_parameter(),
                     {"grace", Type::duration, "time to end by themselves; the compose file's when not given", false, nullptr},
                     compose_deadline_parameter(300)},
      .returns = "{stopped: string[]}",
      .returns_help = "services that ran",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "compose.stop({}, {services={\"app\"}, grace=45}).stopped --> {\"app\"}",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_stop() { return std::make_unique<ComposeStop>(); }

}  // namespace playbook
