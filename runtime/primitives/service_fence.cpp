// service.fence: from here on nothing starts the service by itself, until service.unfence.
#include "runtime/primitives/service.h"

namespace playbook {
namespace {

class ServiceFence : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  /// A fence that stands keeps what it recorded: seen from behind it, the service never started by itself.
  Json prepare(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    std::optional<Json> now = service->startup(), recorded = fence_record(context, *service);
    bool stands = recorded && !(now && service->starts_by_itself(*now));
    return {{"startup", stands ? *recorded : now.value_or(nullptr)}, {"stood", stands}};
  }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    auto service = open_service(context, args);
    ensure_fenced(context, *service, prepared.at("startup"));
    return {{"fenced", service->can_fence()}};
  }

  Planned plan(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    std::string text = service->can_fence() ? "fence " + service->name() + ": nothing starts it by itself"
                                            : service->name() + " has no fence command: see to it that nothing else starts it meanwhile";
    return {.text = text, .diff = "", .predicted = true, .result = {{"fenced", service->can_fence()}}};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (!record.prepared.at("stood").get<bool>()) ensure_unfenced(context, *open_service(context, record.args));
  }

  /// Fencing twice is fencing once.
  Probe probe(Context&, const Record&) override { return {Probe::State::not_done, nullptr, "", false}; }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    auto service = open_service(context, record.args);
    std::optional<Json> now = service->startup();
    if (!now || !service->starts_by_itself(*now)) return std::nullopt;
    return "service " + service->name() + " would start by itself although the run had fenced it";
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {service_thing(args) + "/fence"}; }
  bool repeatable() const override { return true; }

 private:
  const Declaration declaration_{
      .name = "service.fence",
      .kind = Kind::change,
      .summary = "Sees to it that nothing starts a service by itself, until service.unfence.",
      .parameters = {service_parameter()},
      .returns = "{fenced: boolean}",
      .returns_help = "false where an operator's service has no fence command",
      .errors = {"argument.invalid", "service.failed", "process.missing", "timeout", "cancelled"},
      .example = "service.fence({systemd=\"shop.service\"}).fenced --> true",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_service_fence() { return std::make_unique<ServiceFence>(); }

}  // namespace playbook
