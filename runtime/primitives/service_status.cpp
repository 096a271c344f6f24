// service.status: whether it runs. A plan answers with what the actions before have left.
#include "runtime/primitives/service.h"

namespace playbook {
namespace {

class ServiceStatus : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json run(Context& context, const Json& args, const Json&) override { return to_string(open_service(context, args)->state()); }

  Planned plan(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    return {.text = "ask whether " + service->name() + " runs",
            .diff = "",
            .predicted = true,
            .result = to_string(foreseen_state(context, *service))};
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {service_thing(args)}; }

 private:
  const Declaration declaration_{
      .name = "service.status",
      .kind = Kind::read,
      .summary = "Tells whether a service runs.",
      .parameters = {service_parameter()},
      .returns = "\"running\"|\"stopped\"|\"changing\"",
      .returns_help = "\"changing\" while systemd starts or stops it",
      .errors = {"argument.invalid", "service.failed", "process.missing", "timeout", "cancelled"},
      .example = "service.status({systemd=\"shop.service\"}) --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_service_status() { return std::make_unique<ServiceStatus>(); }

}  // namespace playbook
