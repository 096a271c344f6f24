// compose.fence: from here on neither the engine nor its next start starts these services by itself, until compose.unfence.
#include "runtime/primitives/compose.h"

namespace playbook {
namespace {

class ComposeFencing : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  /// A container that is fenced already keeps the policy that was recorded: seen from behind the fence it has none.
  Json prepare(Context& context, const Json& args) override {
    ComposeWork work(context, args);
    if (!work.services.empty()) work.checked_config();
    std::optional<ComposeFence> stands = compose_fence_record(context, work.compose.name());
    Json containers = Json::object();
    for (const Container& one : work.containers()) {
      bool fenced = stands && stands->containers.contains(one.id) && one.policy == "no";
      containers[one.id] = {
          {"service", one.service}, {"name", one.name}, {"policy", fenced ? stands->containers[one.id].at("policy") : Json(one.policy)}};
    }
    return {{"containers", containers}, {"stood", stands ? stands->containers : Json()}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ComposeWork work(context, args);
    ComposeFence fence{work.compose.name(), get_or<Json>(prepared, "stood", Json::object())};
    fence.containers.update(prepared.at("containers"));
    ensure_fenced(context, work, fence);
    return result(prepared);
  }

  Planned plan(Context& context, const Json& args) override {
    return {
        .text = "fence: nothing starts these services by itself", .diff = "", .predicted = true, .result = result(prepare(context, args))};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (record.prepared.at("stood").is_null()) {
      ComposeWork work(context, record.args);
      ensure_unfenced(context, work);
    }
  }

  /// Fencing twice is fencing once.
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    ComposeWork work(context, record.args);
    const Json& fenced = record.prepared.at("containers");
    for (const Container& one : work.containers()) {
      if (!fenced.contains(one.id))
        return "service " + one.service + " has another container (" + one.name + ", started " + one.started +
               ") than the one that was fenced";
      if (one.policy != "no") return "container " + one.name + " has the restart policy " + one.policy + " although the run had fenced it";
    }
    return std::nullopt;
  }

  std::vector<std::string> touches(Context& context, const Json& args) const override { return {project_thing(context, args, "/fence")}; }
  bool repeatable() const override { return true; }

 private:
  static Json result(const Json& prepared) {
    Json fenced = Json::array();
    for (const auto& [id, container] : prepared.at("containers").items()) fenced.push_back(container.at("name"));
    return {{"fenced", fenced}};
  }

  const Declaration declaration_{
      .name = "compose.fence",
      .kind = Kind::change,
      .summary = "Takes the restart policies from containers, so that nothing starts them by itself, until compose.unfence.",
      .parameters = {project_parameter(), services_parameter()},
      .returns = "{fenced: string[]}",
      .returns_help = "names of containers",
      .errors = {"argument.invalid", "compose.invalid", "container.failed", "file.missing", "process.missing", "timeout", "unsupported",
                 "cancelled"},
      .example = "compose.fence({}, {services={\"app\"}}).fenced --> {\"shop-app-1\"}",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_compose_fence() { return std::make_unique<ComposeFencing>(); }

}  // namespace playbook
