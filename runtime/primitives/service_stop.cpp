// service.stop: stops a service and waits until it has stopped.
#include "runtime/primitives/duration.h"
#include "runtime/primitives/service.h"

namespace playbook {
namespace {

class ServiceStop : public Primitive {
 public:
  const Declaration& declaration() const override { return declaration_; }

  Json prepare(Context& context, const Json& args) override { return {{"was", to_string(open_service(context, args)->state())}}; }

  Json run(Context& context, const Json& args, const Json& prepared) override {
    ensure_stopped(context, *open_service(context, args), duration_of(args, "deadline"));
    return result(prepared);
  }

  Planned plan(Context& context, const Json& args) override {
    auto service = open_service(context, args);
    Service::State was = foreseen_state(context, *service);
    foresee(context, *service, Service::State::stopped);
    std::string text = was == Service::State::stopped ? "leave " + service->name() + " stopped" : "stop " + service->name();
    return {.text = text, .diff = "", .predicted = true, .result = result({{"was", to_string(was)}})};
  }

  Undo undo_kind(const Json&) const override { return Undo::inverse; }
  void undo(Context& context, const Record& record) override {
    if (record.prepared.at("was") != "stopped")
      ensure_running(context, *open_service(context, record.args), duration_of(record.args, "deadline"));
  }

  Probe probe(Context& context, const Record& record) override {
    if (open_service(context, record.args)->state() == Service::State::stopped)
      return {Probe::State::done, result(record.prepared), "", false};
    return {Probe::State::not_done, nullptr, "", false};
  }

  std::optional<std::string> drift(Context& context, const Record& record) override {
    auto service = open_service(context, record.args);
    if (service->state() == Service::State::stopped) return std::nullopt;
    return "service " + service->name() + " runs although the run had stopped it";
  }

  std::vector<std::string> touches(Context&, const Json& args) const override { return {service_thing(args)}; }
  bool repeatable() const override { return true; }

 private:
  static Json result(const Json& prepared) { return {{"was", prepared.at("was")}, {"now", "stopped"}}; }

  const Declaration declaration_{
      .name = "service.stop",
      .kind = Kind::change,
      .summary = "Stops a service and waits until it has stopped.",
      .parameters = {service_parameter(), service_deadline_parameter()},
      .returns = "{was: string, now: string}",
      .returns_help = "states as service.status gives them",
      .errors = {"argument.invalid", "service.failed", "process.missing", "timeout", "cancelled"},
      .example = "service.stop({systemd=\"shop.service\"}).was --> \"running\"",
  };
};

}  // namespace

std::unique_ptr<Primitive> make_service_stop() { return std::make_unique<ServiceStop>(); }

}  // namespace playbook
